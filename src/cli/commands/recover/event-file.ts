import { open, rm } from 'node:fs/promises';
import { UsageError } from '../../terminal/errors.js';
import type { LostEvent } from './lost-events.js';

/** The file of --save. */
export interface EventFile {
  /** Appends events as NDJSON. Resolves once the file has them. */
  write(events: readonly LostEvent[]): Promise<void>;
  /** Makes the file durable, and closes it. */
  close(): Promise<void>;
  /** Closes and removes a file that is not complete. */
  discard(): Promise<void>;
}

/**
 * Creates a new file, which only its owner reads: it holds personal data. Rejects with UsageError
 * if it exists.
 */
export async function createEventFile(file: string): Promise<EventFile> {
  const handle = await open(file, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
    throw new UsageError(`${file} exists already: name a new file for --save`);
  });
  return {
    async write(events) {
      await handle.appendFile(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    },
    async close() {
      await handle.sync();
      await handle.close();
    },
    async discard() {
      await handle.close();
      await rm(file, { force: true });
    },
  };
}
