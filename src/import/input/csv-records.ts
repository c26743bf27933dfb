import { parse } from 'csv-parse/sync';
import type { Line } from '../../http/batch/split-lines.js';
import { importLimits } from '../limits.js';
import { notUtf8 } from './file-lines.js';

/**
 * A record of a CSV file: its fields, or the reason why it is not readable. A quoted field may
 * contain line breaks.
 */
export interface CsvRecord {
  readonly lines: readonly Line[];
  readonly content: { readonly fields: readonly string[] } | { readonly unreadable: string };
}

const { maxRecordLines } = importLimits;
const notClosed = 'A quote is not closed: end the cell with a quote, and double each quote within it.';
const utf8 = new TextDecoder('utf-8', { fatal: true });
const lineBreak = Buffer.from('\n');
const empty = Buffer.alloc(0);

/**
 * Reads the records of a CSV file (RFC 4180). A record is complete when its number of quotes is
 * even; an escaped quote counts twice. So an invalid record does not affect its neighbours.
 * @param lines the lines of the file, including empty ones.
 */
export async function* csvRecords(
  lines: AsyncIterable<readonly Line[]>,
  delimiter: string,
): AsyncGenerator<CsvRecord[]> {
  const open: Line[] = [];

  function complete(atEnd: boolean): CsvRecord[] {
    const records: (Line[] | CsvRecord)[] = [];
    let start = 0;
    while (start < open.length) {
      let quotes = 0;
      let end = start;
      do quotes += countQuotes(open[end++]?.bytes);
      while (quotes % 2 === 1 && end < open.length && end - start < maxRecordLines);
      const isWhole = quotes % 2 === 0;
      if (!isWhole && !atEnd && end - start < maxRecordLines) break;
      const lines = open.slice(start, isWhole ? end : start + 1);
      start += lines.length;
      if (!isWhole) records.push({ lines, content: { unreadable: notClosed } });
      else if (lines.length > 1 || lines[0]?.bytes?.length !== 0) records.push(lines);
    }
    open.splice(0, start);
    return parseAll(records, delimiter);
  }

  for await (const group of lines) {
    open.push(...group);
    const records = complete(false);
    if (records.length > 0) yield records;
  }
  const rest = complete(true);
  if (rest.length > 0) yield rest;
}

/**
 * Parses the records. Starting a parser costs more than parsing one record, so one parser parses
 * all of them. If any is invalid, each is parsed on its own.
 */
function parseAll(records: readonly (Line[] | CsvRecord)[], delimiter: string): CsvRecord[] {
  const unparsed = records.filter((record) => Array.isArray(record));
  const fields = parseTogether(unparsed, delimiter)?.values();
  return records.map((record) => {
    if (!Array.isArray(record)) return record;
    const parsed = fields?.next().value;
    return { lines: record, content: parsed ? { fields: parsed } : parseAlone(record, delimiter) };
  });
}

/** The fields of each record. Undefined if any record is invalid. */
function parseTogether(records: readonly Line[][], delimiter: string): string[][] | undefined {
  if (records.some((lines) => lines.some(isTooLong))) return undefined;
  try {
    const parsed = parseText(records.map(textOf).join(''), delimiter);
    return parsed.length === records.length ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function parseAlone(lines: readonly Line[], delimiter: string): CsvRecord['content'] {
  if (lines.some(isTooLong)) return { unreadable: 'The line is too long.' };
  let text: string;
  try {
    text = textOf(lines);
  } catch {
    return { unreadable: notUtf8 };
  }
  try {
    const [fields = []] = parseText(text, delimiter);
    return { fields };
  } catch (error) {
    const reason = atLineOfFile((error as Error).message, text, lines, delimiter);
    return { unreadable: `The line is not CSV: ${reason}: quote the whole cell, and double each quote within it.` };
  }
}

/**
 * The parser's message with the line of the file. The parser counts the lines of the record, and a
 * line break of two characters within quotes as two lines, so it has to fail once more without
 * them.
 */
function atLineOfFile(message: string, text: string, lines: readonly Line[], delimiter: string): string {
  let counted = message;
  try {
    parseText(text.replaceAll('\r', ''), delimiter);
  } catch (error) {
    counted = (error as Error).message;
  }
  return counted.replace(
    / at line (\d+)/,
    (_, line: string) => ` at line ${(lines[0]?.number ?? 1) + Number(line) - 1}`,
  );
}

function parseText(text: string, delimiter: string): string[][] {
  return parse(text, { delimiter, relax_column_count: true, record_delimiter: '\n' });
}

/** Whether all cells of a row are empty: spreadsheets write such rows at the end. */
export function isBlank(fields: readonly string[]): boolean {
  return fields.every((cell) => cell.trim() === '');
}

function isTooLong({ bytes }: Line): boolean {
  return bytes === undefined;
}

/** The record's text. Throws if it is not valid UTF-8. */
function textOf(lines: readonly Line[]): string {
  const parts = lines.flatMap(({ bytes = empty }) => [bytes, lineBreak]);
  return utf8.decode(Buffer.concat(parts));
}

function countQuotes(bytes: Buffer | undefined): number {
  let count = 0;
  if (bytes) for (let at = bytes.indexOf(0x22); at !== -1; at = bytes.indexOf(0x22, at + 1)) count += 1;
  return count;
}
