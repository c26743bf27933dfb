import type { FilePosition, ImportGroup, ImportUnit } from '../import-unit.js';
import { endOf, linesOf, textOf } from './file-lines.js';

/** Reads an NDJSON file from a position on. Memory is bounded by the longest line. */
export async function* readNdjson(file: string, from: FilePosition): AsyncGenerator<ImportGroup> {
  for await (const lines of linesOf(file, from)) {
    const units: ImportUnit[] = [];
    for (const line of lines) {
      const { number, bytes } = line;
      if (bytes?.length === 0) continue;
      units.push({
        number,
        commands: bytes ? [{ number, input: withoutMark(number, bytes) }] : [],
        refused: bytes ? undefined : 'The line is too long.',
        end: endOf([line]),
        record: () => textOf([line]),
      });
    }
    yield { units, end: endOf(lines) };
  }
}

/** Removes the byte order mark with which a file may begin: it is not part of JSON. */
function withoutMark(number: number, bytes: Buffer): Buffer {
  return number === 1 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}
