import { createReadStream } from 'node:fs';
import type { BatchLine } from '../http/batch/parse-line.js';
import { batchLimits } from '../http/batch/limits.js';
import { type Line, splitLines } from '../http/batch/split-lines.js';
import { type CsvMapping, checkMapping, placeLine } from './csv-mapping.js';
import { csvRecords } from './csv-records.js';

/** Where reading begins or has got to: the number of lines and bytes before it. */
export interface FilePosition {
  readonly lines: number;
  readonly bytes: number;
}

export interface InputLine {
  /** The line's number in the file, from 1: with the file's name, the identity of what it holds. */
  readonly number: number;
  /** What the line asks for; undefined where it can't be read. */
  readonly input: BatchLine['input'];
  /** Why it can't be read. */
  readonly unreadable: string | undefined;
  /** What it is made of, as it stands in the file: for the list of rejected ones. */
  readonly source: Line | readonly Line[];
}

/** Lines that are handled together: thousands are in work at once, so what they have in common stands here. */
export interface InputGroup {
  readonly lines: readonly InputLine[];
  /** Right behind the last of them. */
  readonly end: FilePosition;
}

/** The text of a line, as it stands in the file. */
export function rawText({ source }: InputLine): string {
  const texts = [source].flat().map(({ bytes }: Line) => bytes?.toString() ?? '(too long to show)');
  return texts.join('\n');
}

/** The position right behind a line. */
export function behind({ source }: InputLine): FilePosition {
  return endOf([source].flat());
}

const chunkBytes = 256 * 1024;
/** Lines that are handled together: what PostgreSQL has answered meanwhile waits so long for the process. */
const maxLines = 125;

/** The lines of an NDJSON file, from a position on. Memory is bounded by the longest line. */
export async function* readNdjson(file: string, from: FilePosition): AsyncGenerator<InputGroup> {
  for await (const lines of linesOf(file, from)) {
    const inputs: InputLine[] = [];
    for (const line of lines) {
      const { number, bytes } = line;
      if (bytes?.length === 0) continue;
      inputs.push({ number, input: bytes, unreadable: bytes ? undefined : 'The line is too long.', source: line });
    }
    yield { lines: inputs, end: endOf(lines) };
  }
}

/** The records of a CSV file with a header line as lines of a batch, from a position on. */
export async function* readCsv(
  file: string,
  from: FilePosition,
  mapping: CsvMapping,
  delimiter: string,
): AsyncGenerator<InputGroup> {
  const header = await readHeader(file, delimiter);
  checkMapping(mapping, header.columns);
  const start = from.bytes === 0 ? header.end : from;
  for await (const records of csvRecords(linesOf(file, start), delimiter)) {
    const lines = records.map(({ lines, content }): InputLine => {
      const number = lines[0]?.number ?? 0;
      if ('unreadable' in content) return { number, input: undefined, unreadable: content.unreadable, source: lines };
      const input = placeLine(byColumn(header.columns, content.fields), mapping);
      return { number, input, unreadable: undefined, source: lines };
    });
    yield { lines, end: endOf(records.at(-1)?.lines ?? []) };
  }
}

async function readHeader(file: string, delimiter: string): Promise<{ columns: string[]; end: FilePosition }> {
  for await (const [first] of csvRecords(linesOf(file, { lines: 0, bytes: 0 }), delimiter)) {
    if (!first) break;
    const { content } = first;
    if ('unreadable' in content)
      throw new Error(`${file}: its first line has to name the columns. ${content.unreadable}`);
    return { columns: content.fields.map((column) => column.trim()), end: endOf(first.lines) };
  }
  throw new Error(`${file} is empty: its first line has to name the columns`);
}

/** The file's lines from a position on, the empty ones too. */
function linesOf(file: string, from: FilePosition): AsyncGenerator<Line[]> {
  const stream = createReadStream(file, { start: from.bytes, highWaterMark: chunkBytes });
  const { maxLineBytes } = batchLimits;
  return splitLines(stream, { maxLineBytes, maxLines, keepEmpty: true, from });
}

/** The position behind lines, of which there is at least one. */
function endOf(lines: readonly Line[]): FilePosition {
  const { number = 0, end = 0 } = lines.at(-1) ?? {};
  return { lines: number, bytes: end };
}

function byColumn(columns: readonly string[], fields: readonly string[]): Record<string, string> {
  return Object.fromEntries(columns.map((column, nth) => [column, fields[nth] ?? '']));
}
