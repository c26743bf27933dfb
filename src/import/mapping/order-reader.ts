import { withdrawnIn } from '../../orders/values/currency.js';
import { decimal } from '../formats/decimal.js';
import { Refused } from '../refused.js';
import { type OrderReturn, returnCommands } from '../returns/return-commands.js';
import { returnedRows } from '../returns/returned-rows.js';
import { type ReturnRows, returnReader } from '../returns/returns-reader.js';
import { type TransactionCells, type Transactions, transactionsOfRow } from '../transactions/transaction-cells.js';
import type { Cells, ReadCell } from './cells.js';
import { chargeReader, chargeSplitter } from './charges.js';
import { type CsvMapping, keyColumnOf } from './csv-mapping.js';
import { fieldReaders } from './field-readers.js';
import { itemsReader } from './items-reader.js';
import { lifeCycle } from './life-cycle.js';
import { lifeCycleCells } from './life-cycle-cells.js';
import { moneyReader } from './money-reader.js';
import type { Warnings } from './warnings.js';

/** A command for the batch, as the object that its line would be. */
export type BatchInput = Readonly<Record<string, unknown>>;

/**
 * Makes the commands of an order from its rows. Throws Refused if a value is missing or has another
 * form than the mapping says, and SetAside if the rows are a return.
 * @param header the cells that belong to the whole order.
 * @param lines the rows of the order; `[header]` if the order has one row.
 * @param number the number of the first row's line in the file.
 * @param returns the returns of the order that the file has.
 * @param transactions the payments and refunds that ids tell apart; by default those of the header.
 */
export type ReadOrder = (
  header: Cells,
  lines: readonly Cells[],
  number: number,
  returns?: readonly ReturnRows[],
  transactions?: Transactions,
) => BatchInput[];

/**
 * Makes the commands of returns whose order is not in the file, but may be in the log.
 * @param number the number of the first row's line in the file.
 */
export type ReadReturns = (orderNumber: string, returns: readonly ReturnRows[], number: number) => BatchInput[];

export interface OrderReader {
  readonly readOrder: ReadOrder;
  readonly readReturns: ReadReturns;
  /** Whether a row is a charge, and not an article. */
  readonly isCharge: (row: Cells) => boolean;
  /** Whether the quantity or the price of a row is below zero, and that is a return. */
  readonly isReturn: (row: Cells) => boolean;
  /** The payments and refunds that ids tell apart. */
  readonly transactions: readonly TransactionCells[];
  readonly lineId: ReadCell<string> | undefined;
}

/** How the orders of a source are identified. */
export interface Identity {
  /** The idempotency key of the order with this value in the key column. */
  readonly ofValue: (value: string) => string;
  /** The idempotency key of the order in this line. */
  readonly ofLine: (line: number) => string;
  /** The id of the order that is placed with this idempotency key. */
  readonly orderId: (key: string) => string;
}

/**
 * Compiles a mapping for rows with known columns. Throws Error with a message for the user if a
 * value of --set or --default is wrong.
 * @param indexOf the index of a column in the rows that are read.
 */
export function orderReader(
  mapping: CsvMapping,
  indexOf: (column: string) => number,
  identity: Identity,
  warnings: Warnings,
): OrderReader {
  let hasAmbiguousTime = false;
  const fields = fieldReaders(mapping, indexOf, () => {
    hasAmbiguousTime = true;
  });
  /** Warns once per order of times that the clocks showed twice. */
  const withWarning = (nth: number, read: () => BatchInput[]): BatchInput[] => {
    hasAmbiguousTime = false;
    const commands = read();
    if (hasAmbiguousTime) warnings.add('a local time that occurred twice is taken as the first', nth);
    return commands;
  };
  const userId = fields.text('user_id');
  const orderId = fields.text('order_id');
  const reference = fields.text('reference');
  const itemIds = fields.list('item_ids');
  const total = fields.number('total_amount');
  const currency = fields.currency('currency');
  const occurredAt = fields.time('occurred_at');
  const items = itemsReader(mapping, fields);
  const money = moneyReader(mapping, fields);
  const chargeOf = chargeReader(mapping, fields);
  const splitCharges = chargeSplitter(mapping, fields);
  const life = lifeCycleCells(mapping, fields, indexOf);
  const readReturn = returnReader(mapping, fields);
  const metadata = [...mapping.columns.keys(), ...mapping.constants.keys(), ...mapping.defaults.keys()]
    .filter((field, nth, all) => field.startsWith('metadata.') && all.indexOf(field) === nth)
    .map((field) => ({ name: field.slice('metadata.'.length), read: fields.text(field) }));
  const keyColumn = keyColumnOf(mapping);
  const keyIndex = keyColumn === undefined ? -1 : indexOf(keyColumn);

  const commandsOf: ReadOrder = (header, lines, nth, returnRows = [], given = undefined) => {
    const place: Record<string, unknown> = { command: 'place' };
    if (keyColumn !== undefined) {
      const value = header[keyIndex]?.trim() ?? '';
      if (value === '') throw new Refused(`column "${keyColumn}" (--key) is empty`);
      place.idempotency_key = identity.ofValue(value);
    }
    place.user_id = userId?.(header);
    const code = currency?.(header);
    place.currency = code;
    const at = occurredAt?.(header);
    if (at !== undefined) {
      place.occurred_at = at.utc;
      const withdrawn = code === undefined ? undefined : withdrawnIn(code);
      if (withdrawn !== undefined && at.utc.slice(0, 7) > withdrawn)
        warnings.add(`an order in ${code} is dated after its withdrawal in ${withdrawn}`, nth);
    }
    const id = orderId?.(header);
    if (id !== undefined) place.order_id = id;
    const shopNumber = reference?.(header);
    if (shopNumber !== undefined) place.reference = shopNumber;
    const pairs: Record<string, string> = {};
    if (itemIds) place.item_ids = itemIds(header);
    const [sold, charges] = splitCharges(lines);
    const rows = itemIds ? [] : items(sold);
    if (!itemIds) place.items = rows;
    if (money) {
      const { total: sum, adjustments, taxIncluded } = money(header, sold, rows, charges);
      place.total_amount = sum;
      if (adjustments.length > 0) place.adjustments = adjustments;
      if (taxIncluded !== undefined) pairs.tax_included = taxIncluded;
    } else place.total_amount = total?.(header);
    for (const { name, read } of metadata) {
      const value = read?.(header);
      if (value !== undefined) pairs[name] = value;
    }
    if (Object.keys(pairs).length > 0) place.metadata = pairs;
    if (life.isEmpty && returnRows.length === 0) return [place];
    const key = typeof place.idempotency_key === 'string' ? place.idempotency_key : identity.ofLine(nth);
    const isFree = /^[0.]*$/.test(String(place.total_amount));
    const onMoved = () => warnings.add('a step dated before one that it depends on takes the date of that one', nth);
    const order = {
      id: id ?? identity.orderId(key),
      key,
      placedAt: at?.utc,
      total: String(place.total_amount),
      isFree,
      onMoved,
    };
    const returned = returnRows.map((one) => readReturn(one, order.placedAt));
    const transactions = given ?? transactionsOfRow(life.transactions, header);
    const commands = lifeCycle(life, header, order, returned, transactions);
    if (isRefundedTwice(returned, commands)) {
      throw new Refused(
        'the order has returned rows, whose money is given back, and a refunded_amount, which may be the same money: ' +
          'leave out --returns negative, or --set refunded_amount=0',
      );
    }
    if (isOverpaid(String(place.total_amount), commands))
      warnings.add('the payments of an order, less its refunds, are more than its total', nth);
    return [place, ...commands];
  };
  return {
    readOrder: (header, lines, nth, returns, transactions) =>
      withWarning(nth, () => commandsOf(header, lines, nth, returns, transactions)),
    readReturns: (orderNumber, returnRows, nth) => {
      const key = identity.ofValue(orderNumber);
      const order = { id: identity.orderId(key), key };
      return withWarning(nth, () => returnRows.flatMap((one) => returnCommands(order, readReturn(one, undefined))));
    },
    isCharge: (row) => chargeOf(row) !== undefined,
    isReturn: returnedRows(mapping, fields).isNegative,
    transactions: life.transactions,
    lineId: fields.text('line_id'),
  };
}

/** Whether money is given back for returned rows, and by an amount of the whole order. */
function isRefundedTwice(returned: readonly OrderReturn[], commands: readonly BatchInput[]): boolean {
  if (!returned.some(({ amount }) => amount !== '0')) return false;
  // The refund of a return has another key. The key of a payment ends with its id.
  return commands.some(
    ({ command, idempotency_key: key, amount }) =>
      command === 'refund' && String(key).endsWith('/refunded') && typeof amount === 'string',
  );
}

/** Whether more money arrived and stayed than the total: a payment may be in the file twice. */
function isOverpaid(total: string, commands: readonly BatchInput[]): boolean {
  let kept = 0n;
  for (const { command, amount } of commands) {
    if (command === 'pay' && typeof amount === 'string') kept += decimal(amount);
    else if (command === 'refund' && typeof amount === 'string') kept -= decimal(amount);
  }
  return kept > 0n && kept > decimal(total);
}
