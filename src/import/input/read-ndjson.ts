import { isUtf8 } from 'node:buffer';
import type { BatchLine } from '../../http/batch/parse-line.js';
import type { Line } from '../../http/batch/split-lines.js';
import type { FilePosition, ImportGroup, ImportUnit } from '../import-unit.js';
import { endOf, linesOf, notUtf8, textOf } from './file-lines.js';

/** Reads an NDJSON file from a position on. Memory is bounded by the longest line. */
export async function* readNdjson(file: string, from: FilePosition): AsyncGenerator<ImportGroup> {
  for await (const lines of linesOf(file, from)) {
    const units = lines.filter(({ bytes }) => bytes?.length !== 0).map((line) => new LineUnit(line));
    yield { units, end: endOf(lines) };
  }
}

/**
 * Whether every line has an idempotency key of its own. Then no line is identified by its number.
 * @param onRead called with the bytes of the file that were read.
 */
export async function everyLineHasKey(file: string, onRead: (bytes: number) => void): Promise<boolean> {
  for await (const lines of linesOf(file, { lines: 0, bytes: 0 })) {
    for (const { number, bytes } of lines) {
      if (bytes?.length === 0) continue;
      if (!bytes || !hasKey(withoutMark(number, bytes))) return false;
    }
    onRead(endOf(lines).bytes);
  }
  return true;
}

function hasKey(line: Buffer): boolean {
  try {
    const value: unknown = JSON.parse(line.toString());
    return typeof value === 'object' && value !== null && 'idempotency_key' in value;
  } catch {
    return false;
  }
}

/** One line. Thousands are in flight: a class keeps them small. */
class LineUnit implements ImportUnit {
  readonly number: number;
  readonly commands: readonly BatchLine[];
  readonly refused: string | undefined;
  readonly #line: Line;

  constructor(line: Line) {
    const { number, bytes } = line;
    this.number = number;
    this.refused = refusalOf(bytes);
    this.commands = bytes && this.refused === undefined ? [{ number, input: withoutMark(number, bytes) }] : [];
    this.#line = line;
  }

  get end(): FilePosition {
    return endOf([this.#line]);
  }

  record(): string {
    return textOf([this.#line]);
  }
}

function refusalOf(bytes: Buffer | undefined): string | undefined {
  if (!bytes) return 'The line is too long.';
  return isUtf8(bytes) ? undefined : notUtf8;
}

/** Removes the byte order mark with which a file may begin: it is not part of JSON. */
function withoutMark(number: number, bytes: Buffer): Buffer {
  return number === 1 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}
