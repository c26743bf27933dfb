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
}

/**
 * Splits a stream of bytes at line breaks (\n or \r\n). Yields the lines that end in one chunk
 * together, in groups of up to `maxLines`. Keeps only one unfinished line in memory, up to
 * `maxLineBytes`. Empty lines are counted, but yielded only with `keepEmpty`.
 */
export async function* splitLines(
  source: AsyncIterable<Buffer>,
  { maxLineBytes, maxLines, keepEmpty = false, from = { lines: 0, bytes: 0 }, lineBreak = 0x0a }: SplitOptions,
): AsyncGenerator<Line[]> {
  let parts: Buffer[] = [];
  let size = 0;
  let number = from.lines;
  let offset = from.bytes;

  const finish = (end: number): Line | undefined => {
    number += 1;
    const isTooLong = size > maxLineBytes;
    const joined = parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
    const bytes = joined.at(-1) === 0x0d ? joined.subarray(0, -1) : joined;
    parts = [];
    size = 0;
    if (isTooLong) return { number, bytes: undefined, end };
    return bytes.length === 0 && !keepEmpty ? undefined : { number, bytes, end };
  };
  const take = (piece: Buffer) => {
    size += piece.length;
    if (size <= maxLineBytes) parts.push(piece);
    else parts = [];
  };

  for await (const chunk of source) {
    let lines: Line[] = [];
    let start = 0;
    for (let at = chunk.indexOf(lineBreak); at !== -1; at = chunk.indexOf(lineBreak, start)) {
      take(chunk.subarray(start, at));
      start = at + 1;
      const line = finish(offset + start);
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
    const line = finish(offset);
    if (line) yield [line];
  }
}
