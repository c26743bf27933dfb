import type { Cells, ReadCell } from '../mapping/cells.js';
import { type CsvMapping, lineColumns, transactionColumns } from '../mapping/csv-mapping.js';
import type { TransactionKind } from '../mapping/fields.js';
import { Refused } from '../refused.js';
import { refuseWithoutId, type TransactionCells, type Transactions } from '../transactions/transaction-cells.js';
import { commonCells, type GroupedColumns } from './common-cells.js';
import type { SpilledRow } from './spilled-rows.js';

/**
 * Tells the lines, payments and refunds of an order apart in rows that join them. Each row has a
 * line, a payment, a refund, or several of them, and a join repeats each beside the others:
 *
 *     line 1, payment 1        line 1, payment 1        line 1
 *     line 1, payment 2   or   line 2, payment 2   or   line 2
 *     line 2, payment 1                                 payment 1
 *     line 2, payment 2                                 payment 2
 *
 * Their ids say which rows are the same one: nothing is inferred from equal values, since two lines
 * or two payments may well be equal.
 */
export interface JoinedRows {
  /** Whether a row has a line of the order. Otherwise it only has a payment or a refund. */
  readonly hasLine: (row: SpilledRow) => boolean;
  /** The cells of each line, once. Throws Refused if that cannot be told. */
  readonly linesOf: (rows: readonly SpilledRow[], of: 'sold' | 'returned') => readonly Cells[];
  readonly transactionsOf: (rows: readonly SpilledRow[]) => Transactions;
  /** The cells about payments and refunds in rows that have none, for the whole order. */
  readonly cellsOfOrder: (header: Cells, rows: readonly SpilledRow[]) => Cells;
}

/** @param lineId the reader of `line_id`. */
export function joinedRows(
  mapping: CsvMapping,
  grouped: GroupedColumns,
  readers: readonly TransactionCells[],
  lineId: ReadCell<string> | undefined,
): JoinedRows {
  const ofLines = lineColumns(mapping);
  const lineIndexes = [...ofLines].map((column) => grouped.columns.indexOf(column));
  const columnsOf = new Map(readers.map((reader) => [reader, transactionColumns(mapping, reader.kind)]));
  const hasTransaction = ({ cells }: SpilledRow) => readers.some(({ id }) => id(cells) !== undefined);
  const isFilled = ({ cells }: SpilledRow) => lineIndexes.some((index) => (cells[index]?.trim() ?? '') !== '');

  const linesById = (rows: readonly SpilledRow[], kind: TransactionKind): readonly Cells[] => {
    const found = new Map<string, SpilledRow[]>();
    const seen = new Map<string, SpilledRow>();
    for (const row of rows) {
      const id = lineId?.(row.cells);
      if (id === undefined) {
        throw new Refused(
          `the order has several ${kind}s, so its lines may be in several rows: map line_id=COLUMN to the column ` +
            `of the line’s number, or --set line_id=1 if each order has one line (line ${row.line})`,
        );
      }
      const beside = readers.map((reader) => reader.id(row.cells) ?? '');
      const earlier = seen.get(JSON.stringify([id, ...beside]));
      if (earlier) throw new Refused(repeated(id, earlier, row));
      seen.set(JSON.stringify([id, ...beside]), row);
      const same = found.get(id);
      if (same) same.push(row);
      else found.set(id, [row]);
    }
    return [...found].map(([id, same]) => commonCells(grouped, same, ofLines, `line_id "${id}"`, ': correct the file'));
  };

  /** Lines with equal ids would be refused when the order is placed, in other words. */
  const refuseRepeated = (rows: readonly SpilledRow[]) => {
    if (!lineId) return;
    const seen = new Map<string, SpilledRow>();
    for (const row of rows) {
      const id = lineId(row.cells);
      if (id === undefined) continue;
      const earlier = seen.get(id);
      if (earlier) throw new Refused(repeated(id, earlier, row));
      seen.set(id, row);
    }
  };
  const tellsPayments = readers.some(({ kind }) => kind === 'payment');
  const repeated = (id: string, { line }: SpilledRow, again: SpilledRow) =>
    `line_id is "${id}" in lines ${line} and ${again.line}: ` +
    (tellsPayments
      ? 'a line repeats only beside another payment or refund, which these rows do not have'
      : 'if the rows repeat it for several payments, map payment_id=COLUMN to the column that tells them apart');

  return {
    hasLine: (row) => readers.length === 0 || lineIndexes.length === 0 || isFilled(row) || !hasTransaction(row),
    linesOf(rows, of) {
      const several = readers.find(({ id }) => new Set(rows.flatMap(({ cells }) => id(cells) ?? [])).size > 1);
      if (several) return linesById(rows, several.kind);
      if (of === 'sold') refuseRepeated(rows);
      return rows.map(({ cells }) => cells);
    },
    transactionsOf(rows) {
      const found: Record<TransactionKind, { id: string; cells: Cells }[]> = { payment: [], refund: [] };
      for (const reader of readers) {
        const byId = new Map<string, SpilledRow[]>();
        for (const row of rows) {
          const id = reader.id(row.cells);
          const same = id === undefined ? undefined : byId.get(id);
          if (same) same.push(row);
          else if (id !== undefined) byId.set(id, [row]);
          else refuseWithoutId(reader, row.cells, ` in line ${row.line}`);
        }
        const columns = columnsOf.get(reader) ?? new Set();
        for (const [id, same] of byId) {
          const cells = commonCells(grouped, same, columns, `${reader.kind} "${id}"`);
          found[reader.kind].push({ id, cells });
        }
      }
      return found;
    },
    cellsOfOrder(header, rows) {
      let cells = header;
      for (const reader of readers) {
        const others = rows.filter((row) => reader.id(row.cells) === undefined);
        const columns = columnsOf.get(reader) ?? new Set();
        const common = commonCells(grouped, others, columns);
        cells = cells.map((cell, index) => (cell === '' ? (common[index] ?? '') : cell));
      }
      return cells;
    },
  };
}
