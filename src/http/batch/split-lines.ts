/** A line of a stream or a file: its number from 1, and its bytes; or undefined for the bytes of one that is too long. */
export interface Line {
  readonly number: number;
  readonly bytes: Buffer | undefined;
  /** The offset just behind the line and its line break. */
  readonly end: number;
}

export interface SplitOptions {
  readonly maxLineBytes: number;
  readonly maxLines: number;
  readonly keepEmpty?: boolean;
  /** How many lines and bytes are before the stream. */
  readonly from?: { readonly lines: number; readonly bytes: number };
}

/**
 * Splits a stream of bytes at line breaks (\n or \r\n), and gives the lines that end in a chunk of it together, at most `maxLines`. Holds one
 * line that has not ended in memory, at most `maxLineBytes`; of a longer one nothing is kept. Empty lines are counted, and given only if
 * `keepEmpty` says so.
 */
export async function* splitLines(
  source: AsyncIterable<Buffer>,
  { maxLineBytes, maxLines, keepEmpty = false, from = { lines: 0, bytes: 0 } }: SplitOptions,
): AsyncGenerator<Line[]> {
  let parts: Buffer[] = [];
  let size = 0;
  let number = from.lines;
  let offset = from.bytes;

  const finish = (end: number): Line | undefined => {
    number += 1;
    const tooLong = size > maxLineBytes;
    const joined = parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
    const bytes = joined.at(-1) === 0x0d ? joined.subarray(0, -1) : joined;
    parts = [];
    size = 0;
    if (tooLong) return { number, bytes: undefined, end };
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
    for (let at = chunk.indexOf(0x0a); at !== -1; at = chunk.indexOf(0x0a, start)) {
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
