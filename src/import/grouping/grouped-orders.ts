import { open } from 'node:fs/promises';
import { shortened } from '../formats/number-format.js';
import type { FilePosition, ImportGroup, ImportUnit } from '../import-unit.js';
import { importLimits as limits } from '../limits.js';
import type { Cells } from '../mapping/cells.js';
import type { OrderReader } from '../mapping/order-reader.js';
import type { Warnings } from '../mapping/warnings.js';
import { Refused, SetAside } from '../refused.js';
import type { ReturnRows } from '../returns/returns-reader.js';
import { splitReturns } from '../returns/split-returns.js';
import type { SpilledRow, SpilledRows } from './spilled-rows.js';

/** The rows of a file that are grouped into orders. */
export interface GroupedSource {
  readonly file: string;
  readonly rows: SpilledRows;
  /** The column of each cell of a spilled row. */
  readonly columns: readonly string[];
  /** The columns whose values belong to the whole order. */
  readonly orderColumns: ReadonlySet<string>;
  /** Those of them of which the first row decides if rows disagree. */
  readonly firstRowColumns: ReadonlySet<string>;
  /** The indexes, in `columns`, of the column that groups the rows and of that of the times. */
  readonly groupIndex: number;
  readonly timeIndex: number;
  readonly reader: OrderReader;
  readonly warnings: Warnings;
}

/**
 * Reads the orders of a file, bucket by bucket, from a position on. The order of the orders is
 * always the same, so a position is the number of orders before it.
 */
export async function* groupedOrders(source: GroupedSource, from: FilePosition): AsyncGenerator<ImportGroup> {
  let orders = 0;
  let bytesBefore = 0;
  for (const [bucket, size] of source.rows.sizes.entries()) {
    const byKey = await source.rows.read(bucket);
    let units: ImportUnit[] = [];
    let nth = 0;
    for (const rows of byKey.values()) {
      orders += 1;
      nth += 1;
      if (orders <= from.lines) continue;
      const end = { lines: orders, bytes: bytesBefore + Math.round((size * nth) / byKey.size) };
      units.push(unitOf(source, rows, end));
      if (units.length < limits.maxGroupOrders) continue;
      yield { units, end };
      units = [];
    }
    const last = units.at(-1);
    if (last) yield { units, end: last.end };
    bytesBefore += size;
  }
}

function unitOf(source: GroupedSource, rows: readonly SpilledRow[], end: FilePosition): ImportUnit {
  const number = rows[0]?.line ?? 0;
  const unit = { number, end, record: () => recordOf(source.file, rows) };
  try {
    const commands = commandsOf(source, rows, number).map((input) => ({ number, input }));
    return { ...unit, commands, refused: undefined };
  } catch (error) {
    if (error instanceof SetAside) return { ...unit, commands: [], refused: undefined, setAside: error.message };
    if (error instanceof Refused) return { ...unit, commands: [], refused: error.message };
    throw error;
  }
}

/** The commands of an order and of its returns. */
function commandsOf(source: GroupedSource, rows: readonly SpilledRow[], number: number) {
  const { reader } = source;
  const { sold, returns } = splitReturns(rows, {
    isNegative: ({ cells }) => reader.isReturn(cells),
    isCharge: ({ cells }) => reader.isCharge(cells),
    numberOf: ({ cells }) => cells[source.groupIndex]?.trim() ?? '',
    timeOf: ({ cells }) => cells[source.timeIndex]?.trim() ?? '',
  });
  const returned = returns.map((some): ReturnRows => {
    const header = commonCells(source, some.rows);
    return { document: some.number, header, lines: some.rows.map(cellsOf) };
  });
  return sold.length === 0
    ? reader.readReturns(rows[0]?.key ?? '', returned)
    : reader.readOrder(commonCells(source, sold), sold.map(cellsOf), number, returned);
}

function cellsOf({ cells }: SpilledRow): Cells {
  return cells;
}

/**
 * The cells of the whole order: the rows must agree about them, except that a row may leave them
 * empty. Throws Refused if two rows disagree.
 */
function commonCells(source: GroupedSource, rows: readonly SpilledRow[]): Cells {
  return source.columns.map((column, index) => {
    if (!source.orderColumns.has(column)) return '';
    let first: SpilledRow | undefined;
    for (const row of rows) {
      const cell = row.cells[index]?.trim() ?? '';
      const common = first?.cells[index]?.trim();
      if (cell === '' || cell === common) continue;
      if (first && common !== undefined) {
        if (source.firstRowColumns.has(column)) {
          source.warnings.add(`the first row of an order decides about column "${column}", others disagree`, row.line);
          continue;
        }
        throw new Refused(
          `column "${column}" has "${shortened(common)}" in line ${first.line} and "${shortened(cell)}" in line ${row.line}: ` +
            'the rows of one order must agree, unless --first-row names the field',
        );
      }
      first = row;
    }
    return first?.cells[index] ?? '';
  });
}

/** The rows of a rejected order, as they are in the file. */
async function recordOf(file: string, rows: readonly SpilledRow[]): Promise<string> {
  const handle = await open(file);
  try {
    const texts: string[] = [];
    let left: number = limits.maxRejectedCharacters;
    for (const { from, to } of rows) {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(to - from), 0, to - from, from);
      texts.push(buffer.toString('utf8', 0, bytesRead).trim());
      left -= bytesRead;
      if (left < 0) break;
    }
    return texts.join('\n');
  } finally {
    await handle.close();
  }
}
