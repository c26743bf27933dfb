import { GrowingBuffer } from '../growing-buffer.js';

/** One line of a stream or a file. */
export interface Line {
  /** Counted from 1. */
  readonly number: number;
  /** Undefined if the line is too long. */
  readonly bytes: Buffer | undefined;
  /** The offset in bytes after the line and its line break. */
  readonly end: number;
}

export interface SplitOptions {
  readonly maxLineBytes: number;
  readonly maxLines: number;
  readonly keepEmpty?: boolean;
  /** The number of lines and bytes before the stream, if it starts in the middle of a file. */
  readonly from?: { readonly lines: number; readonly bytes: number };
  /** The byte that ends a line. By default it is \n, with or without \r before it. */
  readonly lineBreak?: number;
  /**
   * Counts bytes of memory that an unfinished line takes, and returns a function that releases
   * them.
   */
  readonly hold?: (bytes: number) => () => void;
}

const empty = Buffer.alloc(0);

/**
 * Splits a stream of bytes at line breaks (\n or \r\n). Yields the lines that end in one chunk
 * together, in groups of up to `maxLines`. Keeps only one unfinished line in memory, up to
 * `maxLineBytes`, however small its pieces are. Empty lines are counted, but yielded only with
 * `keepEmpty`.
 */
export async function* splitLines(
  source: AsyncIterable<Buffer>,
  { maxLineBytes, maxLines, keepEmpty = false, from = { lines: 0, bytes: 0 }, lineBreak = 0x0a, hold }: SplitOptions,
): AsyncGenerator<Line[]> {
  /** The beginning of a line whose end is in a later chunk. */
  const unfinished = new GrowingBuffer(maxLineBytes);
  const releases: (() => void)[] = [];
  let size = 0;
  let number = from.lines;
  let offset = from.bytes;

  const forget = () => {
    unfinished.clear();
    for (const release of releases.splice(0)) release();
  };
  const take = (piece: Buffer) => {
    size += piece.length;
    if (size > maxLineBytes) return forget();
    const growth = unfinished.append(piece);
    if (growth > 0 && hold) releases.push(hold(growth));
  };
  const finish = (piece: Buffer, end: number): Line | undefined => {
    number += 1;
    let bytes = piece;
    if (size > 0) {
      take(piece);
      bytes = unfinished.take();
    }
    const isTooLong = Math.max(size, piece.length) > maxLineBytes;
    forget();
    size = 0;
    if (isTooLong) return { number, bytes: undefined, end };
    if (bytes.at(-1) === 0x0d) bytes = bytes.subarray(0, -1);
    return bytes.length === 0 && !keepEmpty ? undefined : { number, bytes, end };
  };

  try {
    for await (const chunk of source) {
      let lines: Line[] = [];
      let start = 0;
      for (let at = chunk.indexOf(lineBreak); at !== -1; at = chunk.indexOf(lineBreak, start)) {
        const piece = chunk.subarray(start, at);
        start = at + 1;
        const line = finish(piece, offset + start);
        if (line) lines.push(line);
        if (lines.length === maxLines) {
          yield lines;
          lines = [];
        }
      }
      if (lines.length > 0) yield lines;
      if (start < chunk.length) take(chunk.subarray(start));
      offset += chunk.length;
    }
    if (size > 0) {
      const line = finish(empty, offset);
      if (line) yield [line];
    }
  } finally {
    forget();
  }
}
