import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { FilePosition } from './input-lines.js';

/**
 * The progress of an import. Everything before `position` is durable, in the event log or among the
 * rejected lines.
 */
export interface ImportProgress {
  readonly source: string;
  position: FilePosition;
  imported: number;
  alreadyThere: number;
  rejected: number;
  /**
   * Bytes of the file of rejected lines. Bytes that a killed run wrote beyond them are overwritten.
   */
  rejectedBytes: number;
}

export function newProgress(source: string): ImportProgress {
  return { source, position: { lines: 0, bytes: 0 }, imported: 0, alreadyThere: 0, rejected: 0, rejectedBytes: 0 };
}

export async function loadProgress(file: string): Promise<ImportProgress | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return text === undefined ? undefined : (JSON.parse(text) as ImportProgress);
}

/** Replaces the file atomically: if the process is killed, the old or the new file remains. */
export async function saveProgress(file: string, progress: ImportProgress): Promise<void> {
  await writeFile(`${file}.new`, JSON.stringify(progress));
  await rename(`${file}.new`, file);
}

export async function removeProgress(file: string): Promise<void> {
  await rm(file, { force: true });
}
