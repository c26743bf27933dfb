import { hash } from 'node:crypto';
import { decimal, decimalText } from '../formats/decimal.js';
import type { Cells } from '../mapping/cells.js';
import { chargeReader } from '../mapping/charges.js';
import type { CsvMapping } from '../mapping/csv-mapping.js';
import type { FieldReaders } from '../mapping/field-readers.js';
import { type ItemLine, lineReader } from '../mapping/items-reader.js';
import { amountsReader } from '../mapping/money-reader.js';
import { orderMoney } from '../mapping/order-money.js';
import { Refused } from '../refused.js';
import { now, type OrderReturn, type ReturnedUnits } from './return-commands.js';

/** The rows of one return. */
export interface ReturnRows {
  /** The number of the return. Undefined if its rows have the number of the order. */
  readonly document: string | undefined;
  /** The cells that belong to the whole return. */
  readonly header: Cells;
  readonly lines: readonly Cells[];
}

/** @param placedAt the time of the order, for rows without a time of their own. */
export type ReadReturn = (rows: ReturnRows, placedAt: string | undefined) => OrderReturn;

export function returnReader(mapping: CsvMapping, fields: FieldReaders): ReadReturn {
  const total = mapping.totalMode === 'computed' ? undefined : fields.number('total_amount');
  const occurredAt = fields.time('occurred_at');
  const timeIndexed = fields.text('occurred_at');
  const reason = fields.text('refund_reason');
  const readLine = lineReader(fields);
  const charge = chargeReader(mapping, fields);
  const readAmounts = amountsReader(fields, 'returned');
  return ({ document, header, lines: rows }, placedAt) => {
    const lines = rows.map(readLine);
    const units = lines.filter(({ quantity }, nth) => quantity < 0 && charge(rows[nth] ?? []) === undefined);
    // Rows with the number of the order have the total of the order, not of the return.
    const given = document === undefined ? undefined : total?.(header);
    const hasTime = document !== undefined || placedAt === undefined || isFilled(timeIndexed, header);
    const time = (hasTime ? occurredAt?.(header)?.utc : placedAt) ?? now;
    return {
      time,
      id: hash('sha256', document ?? `@${time}`, 'base64url').slice(0, 11),
      items: summed(units),
      amount:
        given === undefined && lines.some(({ unit_price }) => unit_price === undefined)
          ? undefined
          : givenBack(
              orderMoney({
                total: given,
                lines,
                amounts: readAmounts(document === undefined ? undefined : header, rows),
                tax: mapping.taxMode,
              }).total,
            ),
      reason: reason?.(header) ?? 'imported',
    };
  };
}

function isFilled(read: ((cells: Cells) => string | undefined) | undefined, cells: Cells): boolean {
  try {
    return read?.(cells) !== undefined;
  } catch (error) {
    if (error instanceof Refused) return false;
    throw error;
  }
}

/** The total of a return is below zero. */
function givenBack(total: string): string {
  const amount = -decimal(total);
  if (amount < 0n) throw new Refused(`the total of the return is ${total}, which is above 0`);
  return decimalText(amount);
}

/** The units by line, or by article, in an order that does not depend on that of the rows. */
function summed(lines: readonly ItemLine[]): ReturnedUnits[] {
  const units = new Map<string, ReturnedUnits>();
  for (const { item_id, line_id, quantity } of lines) {
    const key = line_id === undefined ? `item ${item_id}` : `line ${line_id}`;
    const sum = (units.get(key)?.quantity ?? 0) - quantity;
    units.set(key, line_id === undefined ? { item_id, quantity: sum } : { line_id, quantity: sum });
  }
  return [...units].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, returned]) => returned);
}
