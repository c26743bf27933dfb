import { open } from 'node:fs/promises';
import type { FilePosition, ImportGroup, ImportUnit } from '../import-unit.js';
import { importLimits as limits } from '../limits.js';
import type { OrderReader } from '../mapping/order-reader.js';
import { Refused, SetAside } from '../refused.js';
import type { ReturnRows } from '../returns/returns-reader.js';
import { splitReturns } from '../returns/split-returns.js';
import { commonCells, type GroupedColumns } from './common-cells.js';
import type { JoinedRows } from './joined-rows.js';
import type { SpilledRow, SpilledRows } from './spilled-rows.js';

/** The rows of a file that are grouped into orders. */
export interface GroupedSource extends GroupedColumns {
  readonly file: string;
  readonly rows: SpilledRows;
  /** The columns whose values belong to the whole order. */
  readonly orderColumns: ReadonlySet<string>;
  /** The indexes, in `columns`, of the column that groups the rows and of that of the times. */
  readonly groupIndex: number;
  readonly timeIndex: number;
  readonly reader: OrderReader;
  readonly joined: JoinedRows;
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

/**
 * The orders whose first rows come first in the file, in its order. Reads all buckets, and keeps no
 * more than these orders and one bucket.
 */
export async function* firstOrders(source: GroupedSource, count: number): AsyncGenerator<ImportGroup> {
  const lineOf = (rows: readonly SpilledRow[]) => rows[0]?.line ?? 0;
  let first: (readonly SpilledRow[])[] = [];
  for (const bucket of source.rows.sizes.keys()) {
    const byKey = await source.rows.read(bucket);
    first = [...first, ...byKey.values()].sort((a, b) => lineOf(a) - lineOf(b)).slice(0, count);
  }
  const end = { lines: first.length, bytes: 0 };
  yield { units: first.map((rows) => unitOf(source, rows, end)), end };
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
  const { reader, joined } = source;
  const lines = rows.filter(joined.hasLine);
  if (lines.length === 0) throw new Refused('the order has payments or refunds, but no row with a line of it');
  const { sold, returns } = splitReturns(lines, {
    isNegative: ({ cells }) => reader.isReturn(cells),
    isCharge: ({ cells }) => reader.isCharge(cells),
    numberOf: ({ cells }) => cells[source.groupIndex]?.trim() ?? '',
    timeOf: ({ cells }) => cells[source.timeIndex]?.trim() ?? '',
  });
  const returned = returns.map((some): ReturnRows => {
    const header = commonCells(source, some.rows, source.orderColumns);
    return { document: some.number, header, lines: joined.linesOf(some.rows, 'returned') };
  });
  const transactions = joined.transactionsOf(rows);
  if (sold.length === 0) {
    if (transactions.payment.length > 0)
      throw new Refused('the rows have payments and returns, but no line that was sold');
    return reader.readReturns(rows[0]?.key ?? '', returned, number);
  }
  const back = new Set(returns.flatMap((some) => some.rows));
  const own = rows.filter((row) => !back.has(row));
  const header = joined.cellsOfOrder(commonCells(source, own, source.orderColumns), own);
  return reader.readOrder(header, joined.linesOf(sold, 'sold'), number, returned, transactions);
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
