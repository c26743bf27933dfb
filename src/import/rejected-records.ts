import { open, rm } from 'node:fs/promises';
import { importLimits as limits } from './limits.js';

export const rejectedFile = (file: string): string => `${file}.rejected.ndjson`;
export const returnsFile = (file: string): string => `${file}.returns.ndjson`;

/** The file of rejected records beside the input: one line each, with number and reason. */
export interface RejectedRecords {
  /** Returns the number of bytes written. */
  write(line: number, reason: string, record: string): Promise<number>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the file, which exists only if there are rejected records.
 * @param keptBytes the bytes that an interrupted run wrote before its last saved progress.
 */
export async function openRejected(file: string, keptBytes: number): Promise<RejectedRecords> {
  if (keptBytes === 0) await rm(file, { force: true });
  let handle = keptBytes > 0 ? await open(file, 'r+') : undefined;
  let end = keptBytes;
  await handle?.truncate(keptBytes);
  return {
    async write(line, reason, record) {
      handle ??= await open(file, 'w', 0o600);
      const text = `${JSON.stringify({ line, reason, record: cutOff(record) })}\n`;
      const { bytesWritten } = await handle.write(text, end);
      end += bytesWritten;
      return bytesWritten;
    },
    async sync() {
      await handle?.sync();
    },
    async close() {
      await handle?.close();
    },
  };
}

function cutOff(record: string): string {
  const { maxRejectedCharacters } = limits;
  if (record.length <= maxRejectedCharacters) return record;
  return `${record.slice(0, maxRejectedCharacters)}… (${record.length} characters)`;
}
