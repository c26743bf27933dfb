import { type AdjustmentType, adjustmentTypes } from '../../orders/events.js';
import { decimal } from '../formats/decimal.js';
import type { Cells } from './cells.js';
import type { CsvMapping } from './csv-mapping.js';
import type { FieldReaders } from './field-readers.js';
import { type MoneyOfOrder, orderMoney } from './order-money.js';

/** Reads the money of an order from its rows. */
export type ReadMoney = (
  header: Cells,
  lines: readonly Cells[],
  items: readonly { readonly quantity: number; readonly unit_price?: string }[],
) => MoneyOfOrder;

/**
 * Returns the reader of an order's total and adjustments. Undefined if the file has only a total:
 * then it needs no arithmetic.
 */
export function moneyReader({ totalMode, taxMode }: CsvMapping, fields: FieldReaders): ReadMoney | undefined {
  const total = totalMode === 'computed' ? undefined : fields.number('total_amount');
  const ofOrder = adjustmentTypes.flatMap((type) => {
    const read = fields.number(type);
    return read ? [{ type, read }] : [];
  });
  const ofLines = adjustmentTypes.flatMap((type) => {
    const read = fields.number(`line_${type}`);
    return read ? [{ type, read }] : [];
  });
  if (totalMode !== 'computed' && ofOrder.length === 0 && ofLines.length === 0) return undefined;
  return (header, lines, items) => {
    const amounts = new Map<AdjustmentType, bigint>();
    const add = (type: AdjustmentType, text: string | undefined) => {
      if (text === undefined) return;
      // Files write discounts with and without a sign; an order has them negative.
      const amount = decimal(text);
      const signed = type === 'discount' && amount > 0n ? -amount : amount;
      amounts.set(type, (amounts.get(type) ?? 0n) + signed);
    };
    for (const { type, read } of ofOrder) add(type, read(header));
    for (const { type, read } of ofLines) for (const line of lines) add(type, read(line));
    return orderMoney({ total: total?.(header), lines: items, amounts, tax: taxMode });
  };
}
