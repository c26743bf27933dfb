import type { FilePosition, ImportGroup, ImportUnit } from '../import-unit.js';
import type { ReadOrder } from '../mapping/order-reader.js';
import { Refused } from '../mapping/refused.js';
import type { CsvHeader } from './csv-header.js';
import { type CsvRecord, csvRecords } from './csv-records.js';
import { endOf, linesOf, textOf } from './file-lines.js';

/** A CSV file whose every row is one order. */
export interface CsvSource {
  readonly file: string;
  readonly delimiter: string;
  readonly header: CsvHeader;
  readonly readOrder: ReadOrder;
}

/** Reads a CSV file from a position on. */
export async function* readCsv(source: CsvSource, from: FilePosition): AsyncGenerator<ImportGroup> {
  const { file, delimiter, header, readOrder } = source;
  const start = from.bytes === 0 ? header.end : from;
  for await (const records of csvRecords(linesOf(file, start), delimiter)) {
    const units = records.map((record) => unitOf(record, header, readOrder));
    yield { units, end: endOf(records.at(-1)?.lines ?? []) };
  }
}

function unitOf({ lines, content }: CsvRecord, header: CsvHeader, readOrder: ReadOrder): ImportUnit {
  const number = lines[0]?.number ?? 0;
  const unit = { number, end: endOf(lines), record: () => textOf(lines) };
  if ('unreadable' in content) return { ...unit, commands: [], refused: content.unreadable };
  const { fields } = content;
  try {
    checkCells(fields, header);
    const commands = readOrder(fields, [fields], number).map((input) => ({ number, input }));
    return { ...unit, commands, refused: undefined };
  } catch (error) {
    if (error instanceof Refused) return { ...unit, commands: [], refused: error.message };
    throw error;
  }
}

/**
 * A row with more or fewer cells than the header is not read: some of its cells are not where the
 * header says. Throws Refused.
 */
export function checkCells(fields: readonly string[], { columns }: CsvHeader): void {
  if (fields.length === columns.length) return;
  const count = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`;
  throw new Refused(
    `the row has ${count(fields.length, 'cell')}, but the header has ${count(columns.length, 'column')}: ` +
      'quote a cell that holds the delimiter, or set --delimiter',
  );
}
