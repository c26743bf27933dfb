import { createReadStream } from 'node:fs';
import { batchLimits } from '../http/batch/limits.js';
import type { BatchLine } from '../http/batch/parse-line.js';
import { type Line, splitLines } from '../http/batch/split-lines.js';
import { type CsvMapping, checkMapping, placeLine } from './csv-mapping.js';
import { csvRecords } from './csv-records.js';
import { importLimits as limits } from './limits.js';

/** A position in a file: the number of lines and bytes before it. */
export interface FilePosition {
  readonly lines: number;
  readonly bytes: number;
}

export interface InputLine {
  /** The line's number in the file, from 1. With the source's name it identifies the order. */
  readonly number: number;
  /** The line for the batch. Undefined if the line is not readable. */
  readonly input: BatchLine['input'];
  /** The reason why the line is not readable. */
  readonly unreadable: string | undefined;
  /** The bytes of the file, for the file of rejected lines. */
  readonly source: Line | readonly Line[];
}

/** Lines that are handled together. Thousands are in flight, so their common data is here, once. */
export interface InputGroup {
  readonly lines: readonly InputLine[];
  /** The position after the last line. */
  readonly end: FilePosition;
}

/** The text of a line in the file. */
export function rawText({ source }: InputLine): string {
  const texts = [source].flat().map(({ bytes }: Line) => bytes?.toString() ?? '(too long to show)');
  return texts.join('\n');
}

/** The position after a line. */
export function positionAfter({ source }: InputLine): FilePosition {
  return endOf([source].flat());
}

/** Reads an NDJSON file from a position on. Memory is bounded by the longest line. */
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

/** Reads a CSV file with a header line from a position on, as lines of a batch. */
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
      throw new Error(`${file}: the first line must contain the names of the columns. ${content.unreadable}`);
    return { columns: content.fields.map((column) => column.trim()), end: endOf(first.lines) };
  }
  throw new Error(`${file} is empty: the first line must contain the names of the columns`);
}

/** The lines of a file from a position on, including empty ones. */
function linesOf(file: string, from: FilePosition): AsyncGenerator<Line[]> {
  const stream = createReadStream(file, { start: from.bytes, highWaterMark: limits.readChunkBytes });
  const { maxLineBytes } = batchLimits;
  return splitLines(stream, { maxLineBytes, maxLines: limits.maxGroupLines, keepEmpty: true, from });
}

/** The position after the last of at least one line. */
function endOf(lines: readonly Line[]): FilePosition {
  const { number = 0, end = 0 } = lines.at(-1) ?? {};
  return { lines: number, bytes: end };
}

function byColumn(columns: readonly string[], fields: readonly string[]): Record<string, string> {
  return Object.fromEntries(columns.map((column, nth) => [column, fields[nth] ?? '']));
}
