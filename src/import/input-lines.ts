import { createReadStream } from 'node:fs';
import { parse } from 'csv-parse';
import type { LineInput } from '../http/batch-lines.js';
import { splitLines } from '../http/split-lines.js';
import { type CsvMapping, checkMapping, placeLine } from './csv-mapping.js';

/** Where reading begins or has got to: the number of lines and bytes before it. */
export interface FilePosition {
  readonly lines: number;
  readonly bytes: number;
}

export interface InputLine {
  /** The line's number in the file, from 1: with the file's name, the identity of what it holds. */
  readonly number: number;
  /** Undefined for a line that is too long to be a command. */
  readonly input: LineInput | undefined;
  /** The line as it stands in the file, for the list of rejected ones. */
  readonly raw: string;
  /** Right behind the line. */
  readonly end: FilePosition;
}

const maxLineBytes = 512 * 1024;
const chunkBytes = 256 * 1024;

/** The lines of an NDJSON file, from a position on. Memory is bounded by the longest line. */
export async function* readNdjson(file: string, from: FilePosition): AsyncGenerator<InputLine> {
  const stream = createReadStream(file, { start: from.bytes, highWaterMark: chunkBytes });
  for await (const { number, bytes, end } of splitLines(stream, maxLineBytes)) {
    const inFile = from.lines + number;
    yield {
      number: inFile,
      input: bytes,
      raw: bytes?.toString() ?? '(longer than 512 KiB)',
      end: { lines: inFile, bytes: from.bytes + end },
    };
  }
}

/** The records of a CSV file (RFC 4180, with a header line) as lines of a batch, from a position on. */
export async function* readCsv(
  file: string,
  from: FilePosition,
  mapping: CsvMapping,
  delimiter: string,
): AsyncGenerator<InputLine> {
  const header = await readHeader(file, delimiter);
  checkMapping(mapping, header.columns);
  const start = from.bytes === 0 ? header.end : from;
  const parser = createReadStream(file, { start: start.bytes, highWaterMark: chunkBytes }).pipe(
    parse({ ...csvOptions(delimiter), columns: [...header.columns], info: true }),
  );
  let lines = 0;
  for await (const { record, info } of parser as AsyncIterable<{
    record: Record<string, string>;
    info: { lines: number; bytes: number };
  }>) {
    // info tells where the record ends; its first line is the one after the record before it.
    const number = start.lines + lines + 1;
    lines = Math.max(info.lines, lines + 1);
    yield {
      number,
      input: placeLine(record, mapping),
      raw: JSON.stringify(record),
      end: { lines: start.lines + lines, bytes: start.bytes + info.bytes },
    };
  }
}

async function readHeader(file: string, delimiter: string): Promise<{ columns: string[]; end: FilePosition }> {
  const stream = createReadStream(file, { highWaterMark: chunkBytes });
  const parser = stream.pipe(parse({ ...csvOptions(delimiter), bom: true, to: 1, info: true }));
  for await (const { record, info } of parser as AsyncIterable<{
    record: string[];
    info: { lines: number; bytes: number };
  }>) {
    stream.destroy();
    return { columns: record.map((column) => column.trim()), end: { lines: info.lines, bytes: info.bytes } };
  }
  throw new Error(`${file} is empty: its first line has to name the columns`);
}

function csvOptions(delimiter: string) {
  return { delimiter, skip_empty_lines: true, relax_column_count: true, max_record_size: maxLineBytes } as const;
}
