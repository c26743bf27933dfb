import { execFileSync } from 'node:child_process';
import { chown, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { freePort, startChild } from '../../src/embedded/child.js';
import { serverUser } from '../../src/embedded/server-user.js';
import { createDataDir } from './data-dir.js';
import { eventually } from './servers.js';

export interface PgBouncer {
  /** The URL of a database by way of the pooler. */
  url(databaseUrl: string): string;
  stop(): Promise<void>;
}

/** Whether Debian's pgbouncer is installed. */
export function hasPgBouncer(): boolean {
  try {
    execFileSync('pgbouncer', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * Starts a PgBouncer in front of a PostgreSQL.
 * @param logins the passwords of the logins, by name
 * @param settings further lines of its configuration
 */
export async function startPgBouncer(
  databaseUrl: string,
  logins: Readonly<Record<string, string>>,
  settings: readonly string[],
): Promise<PgBouncer> {
  const folder = await createDataDir('pgbouncer');
  const runAs = await serverUser();
  const { hostname, port: serverPort, username, password } = new URL(databaseUrl);
  const port = await freePort();
  const users = join(folder, 'users.txt');
  const all = { ...logins, [decodeURIComponent(username)]: decodeURIComponent(password) };
  await writeFile(
    users,
    Object.entries(all)
      .map(([name, secret]) => `"${name}" "${secret}"\n`)
      .join(''),
  );
  const ini = join(folder, 'pgbouncer.ini');
  const lines = [
    '[databases]',
    `* = host=${hostname} port=${serverPort}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = scram-sha-256',
    `auth_file = ${users}`,
    'max_client_conn = 200',
    ...settings,
  ];
  await writeFile(ini, `${lines.join('\n')}\n`);
  if (runAs) for (const path of [folder, users, ini]) await chown(path, runAs.uid, runAs.gid);
  const child = startChild('pgbouncer', [ini], { ...runAs });
  const url = (of: string) => {
    const pooled = new URL(of);
    pooled.hostname = '127.0.0.1';
    pooled.port = String(port);
    return pooled.href;
  };
  const connects = async () => {
    const client = new pg.Client({ connectionString: url(databaseUrl) });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return true;
    } catch {
      return false;
    } finally {
      await client.end();
    }
  };
  await eventually(`PgBouncer to start: ${child.output()}`, connects);
  return {
    url,
    stop: async () => {
      await child.stop('SIGINT');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
