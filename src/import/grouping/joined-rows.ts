import type { Cells, ReadCell } from '../mapping/cells.js';
import { type CsvMapping, lineColumns, textColumnsOfLines, transactionColumns } from '../mapping/csv-mapping.js';
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
  // A union of tables may fill the numbers of a row without a line with zeros. If each row has an
  // article by an option, a row of zeros may be a line all the same.
  const mayBeZero = mapping.columns.has('item_id') && !mapping.defaults.has('item_id');
  const texts = [...textColumnsOfLines(mapping)].map((column) => grouped.columns.indexOf(column));
  const isFilled = ({ cells }: SpilledRow) =>
    lineIndexes.some((index) => {
      const cell = cells[index]?.trim() ?? '';
      return cell !== '' && !(mayBeZero && !texts.includes(index) && /^[0.,]+$/.test(cell));
    });

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
    const lines = [...found].map(
      ([id, same]) => [id, commonCells(grouped, same, ofLines, `line_id "${id}"`, ': correct the file')] as const,
    );
    return sortedById(lines);
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
  /** A payment repeats beside lines and refunds: two rows without them may be two payments. */
  const refuseRepeatedTransactions = (rows: readonly SpilledRow[]) => {
    const seen = new Map<string, SpilledRow>();
    for (const row of rows) {
      const ids = readers.map((reader) => ({ ...reader.names, kind: reader.kind, value: reader.id(row.cells) ?? '' }));
      const beside = JSON.stringify(ids.map(({ value }) => value));
      const earlier = seen.get(beside);
      const named = ids.find(({ value }) => value !== '');
      if (earlier && named) {
        throw new Refused(
          `${named.kind} "${named.value}" is in lines ${earlier.line} and ${row.line}, which have nothing else: if they ` +
            `are two, map ${named.id} to what tells them apart; otherwise leave one out of the file`,
        );
      }
      seen.set(beside, row);
    }
  };
  const tellsPayments = readers.some(({ kind }) => kind === 'payment');
  const repeated = (id: string, { line }: SpilledRow, again: SpilledRow) =>
    `line_id is "${id}" in lines ${line} and ${again.line}: ` +
    (tellsPayments
      ? 'a line repeats only beside another payment or refund, which these rows do not have. If they have two ' +
        'payments, map payment_id to what tells them apart; otherwise leave what repeats the rows out of the file'
      : 'if the rows repeat it for several payments, map payment_id=COLUMN to the column that tells them apart');

  const hasLine = (row: SpilledRow) =>
    readers.length === 0 || lineIndexes.length === 0 || isFilled(row) || !hasTransaction(row);
  return {
    hasLine,
    linesOf(rows, of) {
      const several = readers.find(({ id }) => new Set(rows.flatMap(({ cells }) => id(cells) ?? [])).size > 1);
      if (several) return linesById(rows, several.kind);
      if (of === 'sold') refuseRepeated(rows);
      const lines = rows.map(({ cells }) => [lineId?.(cells), cells] as const);
      return sortedById(lines);
    },
    transactionsOf(rows) {
      refuseRepeatedTransactions(rows.filter((row) => !hasLine(row)));
      const found: Record<TransactionKind, { id: string; cells: Cells }[]> = { payment: [], refund: [] };
      for (const reader of readers) {
        const byId = new Map<string, SpilledRow[]>();
        for (const row of rows) {
          const id = reader.id(row.cells);
          const same = id === undefined ? undefined : byId.get(id);
          if (same) same.push(row);
          else if (id !== undefined) byId.set(id, [row]);
          else refuseWithoutId(reader, reader.own(row.cells), ` in line ${row.line}`);
        }
        const columns = columnsOf.get(reader) ?? new Set();
        for (const [id, same] of byId) {
          const remedy = `: if they are several, map ${reader.names.id} to what tells them apart; otherwise correct the file`;
          const own = same.map((row) => ({ ...row, cells: reader.own(row.cells) }));
          const cells = commonCells(grouped, own, columns, `${reader.kind} "${id}"`, remedy);
          found[reader.kind].push({ id, cells });
        }
      }
      return found;
    },
    cellsOfOrder(header, rows) {
      let cells = header;
      for (const reader of readers) {
        const others = rows
          .filter((row) => reader.id(row.cells) === undefined)
          .map((row) => ({ ...row, cells: reader.own(row.cells) }));
        const columns = columnsOf.get(reader) ?? new Set();
        const common = commonCells(grouped, others, columns);
        cells = cells.map((cell, index) => (cell === '' ? (common[index] ?? '') : cell));
      }
      return cells;
    },
  };
}

/**
 * Lines in the order of their ids, so that an order has the same content however its rows are
 * sorted. Lines without ids keep the order of the file.
 */
function sortedById(lines: readonly (readonly [id: string | undefined, cells: Cells])[]): Cells[] {
  const ids = lines.flatMap(([id]) => id ?? []);
  if (ids.length < lines.length) return lines.map(([, cells]) => cells);
  return lines.toSorted(([a = ''], [b = '']) => compareIds(a, b)).map(([, cells]) => cells);
}

/** Numbers come before other ids, by their value. */
function compareIds(a: string, b: string): number {
  const [numberA, numberB] = [a, b].map((id) => (/^\d{1,15}$/.test(id) ? Number(id) : Number.POSITIVE_INFINITY));
  if (numberA !== numberB) return (numberA ?? 0) < (numberB ?? 0) ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
