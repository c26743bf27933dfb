import { hash } from 'node:crypto';
import type { FileTime } from '../formats/date-format.js';
import { importLimits as limits } from '../limits.js';
import type { Cells, ReadCell } from '../mapping/cells.js';
import { type CsvMapping, identifiedKinds, transactionColumns } from '../mapping/csv-mapping.js';
import type { FieldReaders } from '../mapping/field-readers.js';
import { type TransactionKind, transactionIds } from '../mapping/fields.js';
import { Refused } from '../refused.js';

/** A payment or a refund that the file tells apart from the others of its order. */
export interface Transaction {
  readonly id: string;
  /** The cells that belong to it. */
  readonly cells: Cells;
}

/** The transactions of an order, by their kind. */
export type Transactions = Readonly<Record<TransactionKind, readonly Transaction[]>>;

export interface DatedTransaction extends Transaction {
  readonly time: string;
}

/** Reads the payments, or the refunds, that an id tells apart. */
export interface TransactionCells {
  readonly kind: TransactionKind;
  /**
   * The cells of a row without those of the other kind: a column that both kinds have mapped, such
   * as an amount, is the other’s in a row that only has an id of the other. Throws Refused if a row
   * has ids of both.
   */
  readonly own: (row: Cells) => Cells;
  readonly step: 'paid' | 'refunded';
  /** The column of the ids. Undefined if all orders have one id, by --set or --default. */
  readonly idColumn: string | undefined;
  /** The fields of the id, the time and the amount, for messages. */
  readonly names: { readonly id: string; readonly time: string; readonly amount: string };
  readonly id: ReadCell<string>;
  readonly time: ReadCell<FileTime> | undefined;
  readonly amount: ReadCell<string> | undefined;
  readonly reference: ReadCell<string> | undefined;
}

/**
 * Returns a reader for each kind that has ids in the file.
 * @param indexOf the index of a column in the rows that are read.
 */
export function transactionCells(
  mapping: CsvMapping,
  fields: FieldReaders,
  indexOf: (column: string) => number,
): TransactionCells[] {
  const kinds = identifiedKinds(mapping);
  const ownCells = ownCellsReader(mapping, kinds, fields, indexOf);
  return kinds.flatMap((kind) => {
    const step = kind === 'payment' ? 'paid' : 'refunded';
    const names = { id: transactionIds[kind], time: `${step}_at`, amount: `${step}_amount` };
    const id = fields.text(names.id);
    const [time, amount] = [fields.time(names.time), fields.number(names.amount)];
    const reference = kind === 'payment' ? fields.text('payment_reference') : undefined;
    const idColumn = mapping.columns.get(names.id);
    return id ? [{ kind, step, idColumn, names, own: ownCells(kind), id, time, amount, reference }] : [];
  });
}

function ownCellsReader(
  mapping: CsvMapping,
  kinds: readonly TransactionKind[],
  fields: FieldReaders,
  indexOf: (column: string) => number,
): (kind: TransactionKind) => TransactionCells['own'] {
  const ofRefunds = transactionColumns(mapping, 'refund');
  const shared = [...transactionColumns(mapping, 'payment')].filter((column) => ofRefunds.has(column));
  const indexes = new Set(shared.map(indexOf));
  const [payment, refund] = [fields.text('payment_id'), fields.text('refund_id')];
  if (shared.length === 0 || kinds.length < 2 || !payment || !refund) return () => (row) => row;
  return (kind) => (row) => {
    const [isPayment, isRefund] = [payment(row) !== undefined, refund(row) !== undefined];
    if (isPayment && isRefund) {
      throw new Refused(
        `a row has a payment and a refund, but column "${shared[0]}" is mapped for both: --map a column for each, ` +
          'or give them rows of their own',
      );
    }
    const isOther = kind === 'payment' ? isRefund : isPayment;
    return isOther ? row.map((cell, index) => (indexes.has(index) ? '' : cell)) : row;
  };
}

/** The transactions of an order that has one row. */
export function transactionsOfRow(readers: readonly TransactionCells[], row: Cells): Transactions {
  const of = (wanted: TransactionKind) =>
    readers.flatMap((reader) => {
      if (reader.kind !== wanted) return [];
      const id = reader.id(row);
      if (id === undefined) refuseWithoutId(reader, reader.own(row), '');
      return id === undefined ? [] : [{ id, cells: reader.own(row) }];
    });
  return { payment: of('payment'), refund: of('refund') };
}

/** Throws Refused if a row without an id has money: it cannot be told from that of other rows. */
export function refuseWithoutId(reader: TransactionCells, row: Cells, where: string): void {
  const { names } = reader;
  const remedy = `fill it in, or set --default ${names.id}=VALUE`;
  const amount = reader.amount?.(row);
  if (amount !== undefined && isMoney(amount))
    throw new Refused(`${names.amount} is ${amount}${where}, but ${names.id} is empty: ${remedy}`);
  const reference = reader.reference?.(row);
  if (reference !== undefined)
    throw new Refused(`payment_reference is "${reference}"${where}, but ${names.id} is empty: ${remedy}`);
}

/**
 * Dates the transactions of one kind. Those of 0 move no money and are left out. Throws Refused if
 * a date or an amount is missing.
 * @param orderTime the time of those that have no time of their own.
 * @param isFree whether nothing is due, so that a payment without an amount is none.
 */
export function datedTransactions(
  { kind, names, time: readTime, amount: readAmount }: TransactionCells,
  transactions: readonly Transaction[],
  orderTime: string | undefined,
  isFree: boolean,
): DatedTransaction[] {
  const read = transactions.map((one) => ({ ...one, amount: readAmount?.(one.cells) }));
  const moving = read.filter(({ amount }) => (amount === undefined ? !isFree : isMoney(amount)));
  return moving.map(({ id, cells, amount }) => {
    const what = `${kind} "${id}"`;
    if (amount === undefined && transactions.length > 1)
      throw new Refused(
        `the order has several ${kind}s, but ${what} has no amount: map ${names.amount}, or fill it in`,
      );
    // Without an amount, all that was paid would be given back.
    if (amount === undefined && kind === 'refund' && readAmount)
      throw new Refused(`${what} has no amount: fill ${names.amount} in, or leave ${names.id} empty`);
    refuseBelowZero(kind, `the amount of ${what}`, amount);
    const time = readTime?.(cells)?.utc ?? orderTime;
    if (time === undefined)
      throw new Refused(`${what} has no date (${names.time}): map its column, or set --undated last-known`);
    return { id, cells, time };
  });
}

/**
 * Throws Refused if an amount is below 0, with what to do instead.
 * @param what names the amount.
 */
export function refuseBelowZero(kind: TransactionKind, what: string, amount: string | undefined): void {
  if (!amount?.startsWith('-') || !isMoney(amount)) return;
  throw new Refused(`${what} is ${amount}, which is below 0: ${belowZero[kind]}`);
}

const belowZero: Readonly<Record<TransactionKind, string>> = {
  payment: 'map refunds to refunded_amount and refund_id, and payments to a column without refunds',
  refund: 'map refunded_amount to a column without the sign',
};

export function isMoney(amount: string): boolean {
  return /[1-9]/.test(amount);
}

/**
 * The part of an idempotency key that names a transaction within its order: "A@column", with a hash
 * of the column that the id is from. The ids of two columns say nothing about each other, so
 * other-form.ts has to know them apart. A long id is hashed; no other id has the `#` at its start,
 * and none has an `@`.
 */
export function transactionKey(id: string, idColumn: string | undefined): string {
  const encoded = encodeURIComponent(id);
  const { maxTransactionKeyCharacters: max, idColumnHashCharacters } = limits;
  const name = encoded.length <= max ? encoded : `#${hash('sha256', id, 'base64url').slice(0, max - 1)}`;
  if (idColumn === undefined) return name;
  return `${name}@${hash('sha256', idColumn, 'base64url').slice(0, idColumnHashCharacters)}`;
}
