import { createReadStream } from 'node:fs';
import type { BatchLine } from '../http/batch-lines.js';
import { httpLimits } from '../http/limits.js';
import { type Line, splitLines } from '../http/split-lines.js';
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
  /** What the line asks for, or why it can't be read. */
  readonly content: { readonly input: BatchLine['input'] } | { readonly unreadable: string };
  /** The line as it stands in the file, for the list of rejected ones. */
  readonly raw: () => string;
  /** Right behind the line. */
  readonly end: FilePosition;
}

const chunkBytes = 256 * 1024;
/** Lines that are handled together. */
const maxLines = 250;

/** The lines of an NDJSON file, from a position on. Memory is bounded by the longest line. */
export async function* readNdjson(file: string, from: FilePosition): AsyncGenerator<InputLine[]> {
  for await (const lines of linesOf(file, from)) {
    const inputs: InputLine[] = [];
    for (const line of lines) {
      if (line.bytes?.length === 0) continue;
      const content = line.bytes ? { input: line.bytes } : { unreadable: 'The line is too long.' };
      inputs.push({ number: line.number, content, raw: () => rawText([line]), end: endOf(line) });
    }
    if (inputs.length > 0) yield inputs;
  }
}

/** The records of a CSV file with a header line as lines of a batch, from a position on. */
export async function* readCsv(
  file: string,
  from: FilePosition,
  mapping: CsvMapping,
  delimiter: string,
): AsyncGenerator<InputLine[]> {
  const header = await readHeader(file, delimiter);
  checkMapping(mapping, header.columns);
  const start = from.bytes === 0 ? header.end : from;
  for await (const records of csvRecords(linesOf(file, start), delimiter)) {
    const inputs: InputLine[] = [];
    for (const { lines, content } of records) {
      const first = lines[0];
      const last = lines.at(-1);
      if (!first || !last) continue;
      inputs.push({
        number: first.number,
        content:
          'fields' in content ? { input: placeLine(byColumn(header.columns, content.fields), mapping) } : content,
        raw: () => rawText(lines),
        end: endOf(last),
      });
    }
    if (inputs.length > 0) yield inputs;
  }
}

async function readHeader(file: string, delimiter: string): Promise<{ columns: string[]; end: FilePosition }> {
  for await (const [first] of csvRecords(linesOf(file, { lines: 0, bytes: 0 }), delimiter)) {
    const last = first?.lines.at(-1);
    if (!first || !last) break;
    const { content } = first;
    if ('unreadable' in content)
      throw new Error(`${file}: its first line has to name the columns. ${content.unreadable}`);
    return { columns: content.fields.map((column) => column.trim()), end: endOf(last) };
  }
  throw new Error(`${file} is empty: its first line has to name the columns`);
}

/** The file's lines from a position on, the empty ones too, with numbers and ends that count from the file's beginning. */
async function* linesOf(file: string, from: FilePosition): AsyncGenerator<Line[]> {
  const stream = createReadStream(file, { start: from.bytes, highWaterMark: chunkBytes });
  const { maxBatchLineBytes: maxLineBytes } = httpLimits;
  for await (const lines of splitLines(stream, { maxLineBytes, maxLines, keepEmpty: true })) {
    yield lines.map(({ number, bytes, end }) => ({ number: from.lines + number, bytes, end: from.bytes + end }));
  }
}

function endOf({ number, end }: Line): FilePosition {
  return { lines: number, bytes: end };
}

function rawText(lines: readonly Line[]): string {
  return lines.map(({ bytes }) => bytes?.toString() ?? '(too long to show)').join('\n');
}

function byColumn(columns: readonly string[], fields: readonly string[]): Record<string, string> {
  return Object.fromEntries(columns.map((column, nth) => [column, fields[nth] ?? '']));
}
