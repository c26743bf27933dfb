import { type AdjustmentType, adjustmentTypes } from '../../orders/event-data.js';
import { decimal } from '../formats/decimal.js';
import { Refused } from '../refused.js';
import type { Cells } from './cells.js';
import { chargeReader } from './charges.js';
import type { CsvMapping } from './csv-mapping.js';
import type { FieldReaders } from './field-readers.js';
import { lineReader } from './items-reader.js';
import { type Adjustment, type MoneyOfOrder, orderMoney } from './order-money.js';

/** Reads the money of an order from its rows. */
export type ReadMoney = (
  header: Cells,
  lines: readonly Cells[],
  items: readonly { readonly quantity: number; readonly unit_price?: string }[],
  charges: readonly Cells[],
) => MoneyOfOrder;

/**
 * Returns the reader of an order's total and adjustments. Undefined if the file has only a total:
 * then it needs no arithmetic.
 */
export function moneyReader(mapping: CsvMapping, fields: FieldReaders): ReadMoney | undefined {
  const { totalMode, taxMode, charges: codes } = mapping;
  const total = totalMode === 'computed' ? undefined : fields.number('total_amount');
  if (totalMode !== 'computed' && codes.size === 0 && !hasAmounts(fields)) return undefined;
  const amountsOf = amountsReader(fields, 'sold');
  const chargeOf = chargeReader(mapping, fields);
  const readLine = lineReader(fields);
  return (header, lines, items, charges) => {
    const amounts = amountsOf(header, [...lines, ...charges]);
    for (const row of charges) {
      const { item_id, quantity, unit_price } = readLine(row);
      if (unit_price === undefined) throw new Refused(`"${item_id}" is a charge (--charges), but has no price`);
      const amount = decimal(unit_price) * BigInt(quantity);
      const type = typeWith(amount, chargeOf(row));
      amounts.set(type, (amounts.get(type) ?? 0n) + amount);
    }
    const found = orderMoney({ total: total?.(header), lines: items, amounts, tax: taxMode });
    found.adjustments.forEach(refuseNegativeCharge);
    return found;
  };
}

function refuseNegativeCharge({ type, amount }: Adjustment): void {
  if (type === 'discount' || type === 'other' || !amount.startsWith('-')) return;
  throw new Refused(
    `${type} is ${amount}, which is below 0: map other instead of ${type}, since it may be below 0, or correct the file`,
  );
}

/** The kind of a charge. A row has a sign of its own: a discount above zero is something else. */
function typeWith(amount: bigint, type: AdjustmentType | undefined): AdjustmentType {
  const isUsual = type === 'discount' ? amount <= 0n : amount >= 0n;
  return type !== undefined && isUsual ? type : 'other';
}

function hasAmounts(fields: FieldReaders): boolean {
  return adjustmentTypes.some((type) => fields.number(type) ?? fields.number(`line_${type}`));
}

type Amounts = Map<AdjustmentType, bigint>;

/**
 * Returns the reader of the amounts of an order, or of a return, by their kind: summed over the
 * rows. Without a header, only the rows count.
 */
export function amountsReader(
  fields: FieldReaders,
  of: 'sold' | 'returned',
): (header: Cells | undefined, lines: readonly Cells[]) => Amounts {
  const readers = (prefix: string) =>
    adjustmentTypes.flatMap((type) => {
      const read = fields.number(`${prefix}${type}`);
      return read ? [{ type, read }] : [];
    });
  const [ofOrder, ofLines] = [readers(''), readers('line_')];
  return (header, lines) => {
    const amounts: Amounts = new Map();
    const add = (type: AdjustmentType, text: string | undefined) => {
      if (text !== undefined) addAmount(amounts, type, decimal(text), of);
    };
    for (const { type, read } of header ? ofOrder : []) add(type, read(header ?? []));
    for (const { type, read } of ofLines) for (const line of lines) add(type, read(line));
    return amounts;
  };
}

/**
 * Files write discounts with and without a sign. An order has them negative; in a return, whose
 * prices are negative, they are positive.
 */
function addAmount(amounts: Amounts, type: AdjustmentType, amount: bigint, of: 'sold' | 'returned'): void {
  const isOtherSign = of === 'sold' ? amount > 0n : amount < 0n;
  const signed = type === 'discount' && isOtherSign ? -amount : amount;
  amounts.set(type, (amounts.get(type) ?? 0n) + signed);
}
