import type { FileHandle } from 'node:fs/promises';

/**
 * Writes all bytes at a position of a file. A single write may take only a part of them, such as on
 * a disk that is nearly full.
 */
export async function writeAll(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}
