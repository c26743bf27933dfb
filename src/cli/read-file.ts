import type { Stats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { fileProblem } from '../environment.js';
import { UsageError } from './terminal/errors.js';

/** Reads the text of a file that an argument names. Throws UsageError if that is not possible. */
export async function readTextFile(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`${file} ${fileProblem(error)}`, { cause: error });
  });
}

/** Throws UsageError unless an argument names a file that can be read, or a pipe. */
export async function requireFile(file: string): Promise<void> {
  await statsOf(file);
}

/**
 * Throws UsageError unless an argument names a file that can be read from any place: one that is
 * read more than once, or in parts. A pipe, such as the shell makes of <(command), cannot.
 */
export async function requireStoredFile(file: string): Promise<void> {
  const found = await statsOf(file);
  if (found.isFIFO() || found.isSocket()) throw new UsageError(`${file} is a pipe: save its data in a file first`);
}

async function statsOf(file: string): Promise<Stats> {
  const found = await stat(file).catch((error: unknown) => {
    throw new UsageError(`${file} ${fileProblem(error)}`, { cause: error });
  });
  if (found.isDirectory()) throw new UsageError(`${file} is a folder: name a file`);
  return found;
}
