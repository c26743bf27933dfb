import type { BatchLine } from '../../http/batch/parse-line.js';
import type { Line } from '../../http/batch/split-lines.js';
import type { FilePosition, ImportGroup, ImportUnit } from '../import-unit.js';
import type { ReadOrder } from '../mapping/order-reader.js';
import { Refused, SetAside } from '../refused.js';
import type { CsvHeader } from './csv-header.js';
import { type CsvRecord, csvRecords, isBlank } from './csv-records.js';
import { endOf, linesOf, textOf } from './file-lines.js';

/** A CSV file whose every row is one order. */
export interface CsvSource {
  readonly file: string;
  readonly header: CsvHeader;
  readonly readOrder: ReadOrder;
}

/** Reads a CSV file from a position on. Rows whose cells are all empty are left out. */
export async function* readCsv(source: CsvSource, from: FilePosition): AsyncGenerator<ImportGroup> {
  const { file, header, readOrder } = source;
  const start = from.bytes === 0 ? header.end : from;
  for await (const records of csvRecords(linesOf(file, start), header.delimiter)) {
    const rows = records.filter(({ content }) => 'unreadable' in content || !isBlank(content.fields));
    const units = rows.map((record) => unitOf(record, header, readOrder));
    yield { units, end: endOf(records.at(-1)?.lines ?? []) };
  }
}

/**
 * Calls a function with the cells and the line of each row that can be read.
 * @param onRead called with the bytes of the file that were read.
 */
export async function eachRow(
  file: string,
  header: CsvHeader,
  onRow: (fields: readonly string[], line: number) => void,
  onRead: (bytes: number) => void,
): Promise<void> {
  for await (const records of csvRecords(linesOf(file, header.end), header.delimiter)) {
    for (const { lines, content } of records) if ('fields' in content) onRow(content.fields, lines[0]?.number ?? 0);
    onRead(endOf(records.at(-1)?.lines ?? []).bytes);
  }
}

/**
 * One row. Thousands are in flight: a class keeps them small, and its position is computed only if
 * it is needed.
 */
class RowUnit implements ImportUnit {
  commands: readonly BatchLine[] = none;
  refused: string | undefined;
  setAside: string | undefined;

  constructor(
    readonly number: number,
    readonly lines: readonly Line[],
  ) {}

  get end(): FilePosition {
    return endOf(this.lines);
  }

  record(): string {
    return textOf(this.lines);
  }
}

const none: readonly BatchLine[] = [];

function unitOf({ lines, content }: CsvRecord, header: CsvHeader, readOrder: ReadOrder): ImportUnit {
  const number = lines[0]?.number ?? 0;
  const unit = new RowUnit(number, lines);
  if ('unreadable' in content) {
    unit.refused = content.unreadable;
    return unit;
  }
  const { fields } = content;
  try {
    checkCells(fields, header);
    unit.commands = readOrder(fields, [fields], number).map((input) => ({ number, input }));
  } catch (error) {
    if (error instanceof SetAside) unit.setAside = error.message;
    else if (error instanceof Refused) unit.refused = error.message;
    else throw error;
  }
  return unit;
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
