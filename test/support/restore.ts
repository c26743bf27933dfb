import { randomBytes } from 'node:crypto';
import { asAdmin, type TestLog } from './servers.js';

/** A copy of a database, as a backup of a moment. */
export interface Backup {
  readonly name: string;
}

/**
 * Copies the database. All connections to it are ended, since PostgreSQL copies no database in use.
 */
export async function backUp({ databaseUrl }: Pick<TestLog, 'databaseUrl'>): Promise<Backup> {
  const database = nameOf(databaseUrl);
  const name = `${database}_${randomBytes(3).toString('hex')}`;
  await asAdmin(`alter database ${database} with allow_connections false`);
  try {
    await asAdmin(`select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '${database}'`);
    await asAdmin(`create database ${name} template ${database}`);
  } finally {
    await asAdmin(`alter database ${database} with allow_connections true`);
    await asAdmin(`alter database ${name} with allow_connections true`).catch(() => undefined);
  }
  return { name };
}

/** Replaces the database by the copy, while processes are connected to it. */
export async function restore({ databaseUrl }: Pick<TestLog, 'databaseUrl'>, backup: Backup): Promise<void> {
  const database = nameOf(databaseUrl);
  await asAdmin(`drop database ${database} with (force)`);
  await asAdmin(`create database ${database} template ${backup.name}`);
}

function nameOf(databaseUrl: string): string {
  return new URL(databaseUrl).pathname.slice(1);
}
