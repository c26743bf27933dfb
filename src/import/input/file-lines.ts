import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { batchLimits } from '../../http/batch/limits.js';
import { type Line, splitLines } from '../../http/batch/split-lines.js';
import type { FilePosition } from '../import-unit.js';
import { importLimits as limits } from '../limits.js';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** Why a line is refused whose bytes are of another encoding. */
export const notUtf8 = 'The line is not UTF-8: set --encoding, such as latin1.';

/** The lines of a file from a position on, including empty ones. */
export async function* linesOf(file: string, from: FilePosition): AsyncGenerator<Line[]> {
  const lineBreak = await lineBreakOf(file);
  const stream = createReadStream(file, { start: from.bytes, highWaterMark: limits.readChunkBytes });
  const { maxLineBytes } = batchLimits;
  yield* splitLines(stream, { maxLineBytes, maxLines: limits.maxGroupLines, keepEmpty: true, from, lineBreak });
}

/**
 * The byte that ends a line: a line feed, also in files with \r\n, or a carriage return in a file
 * whose first megabyte has carriage returns and no line feed.
 */
async function lineBreakOf(file: string): Promise<number> {
  const start = await readStart(file, limits.lineBreakBytes);
  return !start.includes(lineFeed) && start.includes(carriageReturn) ? carriageReturn : lineFeed;
}

/** Reads the first bytes of a file. */
export async function readStart(file: string, maxBytes: number): Promise<Buffer> {
  const handle = await open(file);
  try {
    const buffer = Buffer.alloc(maxBytes);
    let length = 0;
    while (length < maxBytes) {
      const { bytesRead } = await handle.read(buffer, length, maxBytes - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return buffer.subarray(0, length);
  } finally {
    await handle.close();
  }
}

/** The position after the last of at least one line. */
export function endOf(lines: readonly Line[]): FilePosition {
  const { number = 0, end = 0 } = lines.at(-1) ?? {};
  return { lines: number, bytes: end };
}

/** The text of a record of one or more lines. */
export function textOf(lines: readonly Line[]): string {
  return lines.map(({ bytes }) => bytes?.toString() ?? '(a line that is too long to show)').join('\n');
}
