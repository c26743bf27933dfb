import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { FilePosition } from './input-lines.js';

/** How far an import has got: everything before `position` is durably in the event log, or in the list of rejected lines. */
export interface ImportProgress {
  readonly source: string;
  position: FilePosition;
  imported: number;
  alreadyThere: number;
  rejected: number;
  /** Length of the list of rejected lines: what a killed run wrote beyond it is written again. */
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

/** Replaces the file in one step: a kill leaves the old one or the new one, never half of it. */
export async function saveProgress(file: string, progress: ImportProgress): Promise<void> {
  await writeFile(`${file}.new`, JSON.stringify(progress));
  await rename(`${file}.new`, file);
}

export async function removeProgress(file: string): Promise<void> {
  await rm(file, { force: true });
}
