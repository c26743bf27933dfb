import { type FileHandle, open, rm } from 'node:fs/promises';
import { writeAll } from '../write-all.js';
import { importLimits as limits } from './limits.js';

/** The files that a run writes beside the input. */
export interface ListFiles {
  readonly rejected: string;
  readonly returns: string;
}

/** A dry run has files of its own: those of the import say what has to be corrected. */
export function listFiles(file: string, dryRun: boolean): ListFiles {
  const prefix = dryRun ? `${file}.dry-run` : file;
  return { rejected: `${prefix}.rejected.ndjson`, returns: `${prefix}.returns.ndjson` };
}

/** A file of records beside the input: one line each, with number and reason. */
export interface RejectedRecords {
  /** The bytes of the file. */
  readonly bytes: number;
  write(line: number, reason: string, record: string): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the file, which exists only if there are records for it.
 * @param keptBytes the bytes that an interrupted run wrote before its last saved progress. If the
 *   file was removed or emptied since, they are gone.
 */
export async function openRejected(file: string, keptBytes: number): Promise<RejectedRecords> {
  if (keptBytes === 0) await rm(file, { force: true });
  let handle = keptBytes > 0 ? await openToContinue(file) : undefined;
  let end = handle ? Math.min(keptBytes, (await handle.stat()).size) : 0;
  await handle?.truncate(end);
  return {
    get bytes() {
      return end;
    },
    async write(line, reason, record) {
      handle ??= await open(file, 'w', 0o600);
      const bytes = Buffer.from(`${JSON.stringify({ line, reason, record: cutOff(record) })}\n`);
      await writeAll(handle, bytes, end);
      end += bytes.length;
    },
    async sync() {
      await handle?.sync();
    },
    async close() {
      await handle?.close();
    },
  };
}

async function openToContinue(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return open(file, 'w+', 0o600);
  }
}

function cutOff(record: string): string {
  const { maxRejectedCharacters } = limits;
  if (record.length <= maxRejectedCharacters) return record;
  return `${record.slice(0, maxRejectedCharacters)}… (${record.length} characters)`;
}
