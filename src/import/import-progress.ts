import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { firstEpoch } from '../log-epochs.js';
import type { FilePosition } from './import-unit.js';

/**
 * The progress of an import. Everything before `position` is durable, in the event log or among the
 * rejected records.
 */
export interface ImportProgress {
  readonly source: string;
  /** Names the content of the file and the options that positions depend on. */
  readonly input: string;
  /**
   * The epoch of the log. In another one, durable events may have been lost: the import starts
   * again, and recognises the lines that are still there.
   */
  readonly epoch?: string;
  position: FilePosition;
  imported: number;
  alreadyThere: number;
  rejected: number;
  /**
   * Bytes of the file of rejected records. Bytes that a killed run wrote beyond them are
   * overwritten.
   */
  rejectedBytes: number;
  /** Orders that were listed as returns, and the bytes of their file. */
  returns: number;
  returnsBytes: number;
}

export const progressFile = (file: string): string => `${file}.import-progress.json`;

export function newProgress(source: string, input: string, epoch: string): ImportProgress {
  return {
    source,
    input,
    epoch,
    position: { lines: 0, bytes: 0 },
    imported: 0,
    alreadyThere: 0,
    rejected: 0,
    rejectedBytes: 0,
    returns: 0,
    returnsBytes: 0,
  };
}

/**
 * Loads the progress of an interrupted import. Undefined if there is none in this epoch. Throws
 * Error if it belongs to another source or file, or to other options.
 */
export async function loadProgress(
  file: string,
  source: string,
  input: string,
  epoch: string,
): Promise<ImportProgress | undefined> {
  const text = await readFile(progressFile(file), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const progress = { ...newProgress(source, input, firstEpoch), ...(JSON.parse(text) as ImportProgress) };
  if (progress.source !== source) {
    throw new Error(
      `an import of this file with --source ${progress.source} was interrupted: use the same source, or --restart`,
    );
  }
  if (progress.input !== input) {
    throw new Error(
      'an import of this file was interrupted, and the file or the options have changed since: use --restart to begin again',
    );
  }
  return progress.epoch === epoch ? progress : undefined;
}

/**
 * Replaces the file atomically: if the process is killed, the old or the new file remains.
 *
 * A power cut may leave the earlier progress, none at all, or an empty file. The import then begins
 * earlier or again, and finds the orders that it has placed: their ids follow from the source and
 * the line or key, so that none is placed twice. None is skipped either, since a position is
 * written only after the log has confirmed all orders before it and the files of rejected records
 * were synchronised to disk. The content is synchronised too, so that the file is never empty.
 */
export async function saveProgress(file: string, progress: ImportProgress): Promise<void> {
  await writeFile(`${progressFile(file)}.new`, JSON.stringify(progress), { flush: true });
  await rename(`${progressFile(file)}.new`, progressFile(file));
}

export async function removeProgress(file: string): Promise<void> {
  await rm(progressFile(file), { force: true });
}
