import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ConfigError, fileProblem } from '../environment.js';

/**
 * Creates a folder, and those above it that are missing. Rejects with the error of the system if
 * that is not possible. Node's own recursive `mkdir` never returns below `/proc`, and reports a
 * read-only file system as ENOENT.
 */
export async function makeFolder(path: string, mode: number): Promise<void> {
  const failed = await tryToMake(path, mode);
  if (failed?.code === 'ENOENT' && !(await isFolder(dirname(path)))) {
    await makeFolder(dirname(path), mode);
    await requireMade(await tryToMake(path, mode), path);
  } else {
    await requireMade(failed, path);
  }
}

function tryToMake(path: string, mode: number): Promise<NodeJS.ErrnoException | undefined> {
  return mkdir(path, { mode }).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error,
  );
}

/** Rejects with an error of `mkdir` unless the folder exists: a file system may name any reason. */
async function requireMade(failed: NodeJS.ErrnoException | undefined, path: string): Promise<void> {
  if (failed && !(await isFolder(path))) throw failed;
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Failures of the storage itself, whichever file in the data folder they meet. */
const storageCodes: ReadonlySet<unknown> = new Set(['EROFS', 'ENOSPC', 'EDQUOT']);

export function isStorageFailure(error: unknown): boolean {
  return error instanceof Error && 'code' in error && storageCodes.has(error.code);
}

/** The data folder cannot be used, for a reason that the system gives. */
export function unusableDataDir(dataDir: string, error: unknown): ConfigError {
  const unusable = new ConfigError('ORDERS_DATA_DIR', `is ${dataDir}, which ${fileProblem(error)}`);
  unusable.cause = error;
  return unusable;
}
