import { parse } from 'csv-parse/sync';
import type { Line } from '../http/split-lines.js';

/** A record of a CSV file: its fields, or why it can't be read. It may span lines, where a field in quotes has breaks. */
export interface CsvRecord {
  readonly lines: readonly Line[];
  readonly content: { readonly fields: readonly string[] } | { readonly unreadable: string };
}

/** A quote that is not closed within so many lines is a mistake of its own line: the lines behind it are read by themselves. */
const maxRecordLines = 100;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The records of a CSV file (RFC 4180). Each is read by itself, so that one that is broken takes none of its neighbours
 * with it: a record is complete when its quotes are even in number, as an escaped quote counts twice.
 * @param lines of the file, the empty ones too, as they come; the records that they end are given together.
 */
export async function* csvRecords(
  lines: AsyncIterable<readonly Line[]>,
  delimiter: string,
): AsyncGenerator<CsvRecord[]> {
  const open: Line[] = [];

  function* complete(atEnd: boolean): Generator<CsvRecord> {
    while (open.length > 0) {
      let quotes = 0;
      let taken = 0;
      do quotes += countQuotes(open[taken++]?.bytes);
      while (quotes % 2 === 1 && taken < open.length);
      if (quotes % 2 === 0) {
        const record = open.splice(0, taken);
        if (taken > 1 || record[0]?.bytes?.length !== 0) yield { lines: record, content: read(record, delimiter) };
      } else if (atEnd || open.length >= maxRecordLines) {
        yield { lines: open.splice(0, 1), content: { unreadable: 'A quote is not closed.' } };
      } else {
        return;
      }
    }
  }

  for await (const together of lines) {
    const records: CsvRecord[] = [];
    for (const line of together) {
      open.push(line);
      records.push(...complete(false));
    }
    if (records.length > 0) yield records;
  }
  const rest = [...complete(true)];
  if (rest.length > 0) yield rest;
}

function read(lines: readonly Line[], delimiter: string): CsvRecord['content'] {
  const parts: Buffer[] = [];
  for (const { bytes } of lines) {
    if (!bytes) return { unreadable: 'The line is too long.' };
    parts.push(bytes, Buffer.from('\n'));
  }
  let text: string;
  try {
    text = utf8.decode(Buffer.concat(parts));
  } catch {
    return { unreadable: 'The line is not UTF-8.' };
  }
  try {
    const [fields = []] = parse(text, { delimiter, relax_column_count: true });
    return { fields };
  } catch (error) {
    return { unreadable: `The line is not CSV: ${(error as Error).message}` };
  }
}

function countQuotes(bytes: Buffer | undefined): number {
  let count = 0;
  if (bytes) for (let at = bytes.indexOf(0x22); at !== -1; at = bytes.indexOf(0x22, at + 1)) count += 1;
  return count;
}
