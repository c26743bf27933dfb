import { hash } from 'node:crypto';
import type { FileTime } from '../formats/date-format.js';
import { importLimits as limits } from '../limits.js';
import type { Cells, ReadCell } from '../mapping/cells.js';
import { type CsvMapping, identifiedKinds } from '../mapping/csv-mapping.js';
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
  readonly step: 'paid' | 'refunded';
  /** The fields of the id, the time and the amount, for messages. */
  readonly names: { readonly id: string; readonly time: string; readonly amount: string };
  readonly id: ReadCell<string>;
  readonly time: ReadCell<FileTime> | undefined;
  readonly amount: ReadCell<string> | undefined;
  readonly reference: ReadCell<string> | undefined;
}

/** Returns a reader for each kind that has ids in the file. */
export function transactionCells(mapping: CsvMapping, fields: FieldReaders): TransactionCells[] {
  return identifiedKinds(mapping).flatMap((kind) => {
    const step = kind === 'payment' ? 'paid' : 'refunded';
    const names = { id: transactionIds[kind], time: `${step}_at`, amount: `${step}_amount` };
    const id = fields.text(names.id);
    const [time, amount] = [fields.time(names.time), fields.number(names.amount)];
    const reference = kind === 'payment' ? fields.text('payment_reference') : undefined;
    return id ? [{ kind, step, names, id, time, amount, reference }] : [];
  });
}

/** The transactions of an order that has one row. */
export function transactionsOfRow(readers: readonly TransactionCells[], row: Cells): Transactions {
  const of = (wanted: TransactionKind) =>
    readers.flatMap((reader) => {
      if (reader.kind !== wanted) return [];
      const id = reader.id(row);
      if (id === undefined) refuseWithoutId(reader, row, '');
      return id === undefined ? [] : [{ id, cells: row }];
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
      throw new Refused(`the order has several ${kind}s, but ${what} has no amount: map ${names.amount}`);
    if (amount?.startsWith('-')) {
      const other = kind === 'payment' ? ': map refunds to refunded_amount and refund_id' : '';
      throw new Refused(`the amount of ${what} is ${amount}, which is below 0${other}`);
    }
    const time = readTime?.(cells)?.utc ?? orderTime;
    if (time === undefined)
      throw new Refused(`${what} has no date (${names.time}): map its column, or set --undated last-known`);
    return { id, cells, time };
  });
}

function isMoney(amount: string): boolean {
  return /[1-9]/.test(amount);
}

/**
 * The part of an idempotency key that names a transaction within its order. A long id is hashed;
 * no other id has the `#` at its start.
 */
export function transactionKey(id: string): string {
  const encoded = encodeURIComponent(id);
  const { maxTransactionKeyCharacters: max } = limits;
  return encoded.length <= max ? encoded : `#${hash('sha256', id, 'base64url').slice(0, max - 1)}`;
}
