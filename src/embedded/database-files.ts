import { randomBytes } from 'node:crypto';
import { chown, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileProblem } from '../environment.js';
import { runChild } from './child.js';
import { exists, type PostgresFiles } from './postgres-files.js';
import type { ServerUser } from './server-user.js';

/** PostgreSQL's own databases have lower object ids than those that users create. */
const firstUserObjectId = 16_384;
/** The names of what initdb creates. A start, a backup and other programs add further ones. */
const initdbName = /^(?:PG_VERSION|base|global|pg_\w+|pg_(?:hba|ident)\.conf|postgresql(?:\.auto)?\.conf)$/;

export interface PrepareOptions {
  /** The name of the superuser. */
  readonly user: string;
  readonly runAs: ServerUser | undefined;
  readonly logFile: string;
  readonly notify: (message: string) => void;
}

/**
 * Creates the database files unless they exist. They get their name once they are complete, so that
 * an interrupted start leaves nothing that looks like a database. Rejects if the files are those of
 * another major version of PostgreSQL, and if they cannot be read: only files that were never in
 * use are removed. An empty folder is refused too: it may wait for a file system to be mounted, and
 * a new database would hide the files there.
 */
export async function prepareDatabaseFiles(files: PostgresFiles, options: PrepareOptions): Promise<void> {
  const { pgData, majorVersion } = files;
  const version = await versionOf(pgData);
  if (version !== '' && version !== majorVersion) {
    throw new Error(
      `the database files in ${pgData} are those of PostgreSQL ${version}, and this service brings PostgreSQL ` +
        `${majorVersion}: run the service that made them, or move the data with pg_dump`,
    );
  }
  const names = await unlessMissing<readonly string[] | undefined>(pgData, readdir(pgData), undefined);
  if (names !== undefined) {
    if (!(await isUnfinished(pgData, names))) {
      if (version === '') throw new Error(whyUnusable(pgData, names));
      return;
    }
    options.notify('the creation of the database files was interrupted: it starts again');
  }
  // An interrupted start may have left a link to nothing.
  await rm(pgData, { recursive: true, force: true });
  await initialise(files, options);
}

/** Why a folder without the version of database files is left as it is. */
function whyUnusable(pgData: string, names: readonly string[]): string {
  if (names.length === 0) {
    return `${pgData} is empty: mount the file system with the database files there, or remove the folder to begin with a new database`;
  }
  const other = names.includes('base') ? undefined : names.find((name) => !initdbName.test(name));
  return other === undefined
    ? `the database files in ${pgData} lack PG_VERSION: restore them from a backup`
    : `${pgData} has other files than a database, such as "${other}": set ORDERS_DATA_DIR to another folder`;
}

/** The major version of the database files. Empty if there are none. */
async function versionOf(pgData: string): Promise<string> {
  const file = join(pgData, 'PG_VERSION');
  return (await unlessMissing(file, readFile(file, 'utf8'), '')).trim();
}

/** Rejects with the reason if a file or folder exists, but cannot be read. */
function unlessMissing<Content>(path: string, reading: Promise<Content>, ifMissing: Content): Promise<Content> {
  return reading.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ifMissing;
    throw new Error(`the database files cannot be read: ${path} ${fileProblem(error)}`, { cause: error });
  });
}

/** The password of the superuser. */
export async function readPassword(pgData: string): Promise<string> {
  const file = passwordFile(pgData);
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new Error(`the password of the database in ${pgData} cannot be read: put ${file} back`, { cause: error });
  }
}

function passwordFile(pgData: string): string {
  return join(dirname(pgData), 'postgres-password');
}

/**
 * Whether initdb was killed half-way, in a version that created the files in their final place.
 * Such files were never started, and have no database but PostgreSQL's own.
 */
async function isUnfinished(pgData: string, names: readonly string[]): Promise<boolean> {
  // PostgreSQL writes postmaster.opts at each start. Files from a backup may lack it.
  if (names.length === 0 || !names.every((name) => initdbName.test(name))) return false;
  // initdb creates the folder of the databases before this file.
  if (!names.includes('base')) return !(await exists(join(pgData, 'global', 'pg_control')));
  const folder = join(pgData, 'base');
  const databases = await unlessMissing(folder, readdir(folder), []);
  return databases.every((name) => Number(name) < firstUserObjectId);
}

async function initialise(
  { initdb, pgData }: PostgresFiles,
  { user, runAs, logFile, notify }: PrepareOptions,
): Promise<void> {
  notify(`creating the database files in ${pgData}`);
  const unfinished = `${pgData}.new`;
  const password = passwordFile(pgData);
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  await writeFile(password, randomBytes(18).toString('base64url'), { mode: 0o600, flush: true });
  if (runAs) for (const path of [unfinished, password]) await chown(path, runAs.uid, runAs.gid);
  const locale = ['-E', 'UTF8', '--locale=C'];
  const args = ['-D', unfinished, '-U', user, '-A', 'scram-sha-256', ...locale, '--pwfile', password];
  try {
    await runChild(initdb, args, { ...runAs, name: 'creating the database files', logFile });
    await rename(unfinished, pgData);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
}
