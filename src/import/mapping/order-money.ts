import { type AdjustmentType, adjustmentTypes } from '../../orders/event-data.js';
import { decimal, decimalText } from '../formats/decimal.js';
import { Refused } from '../refused.js';

export interface Adjustment {
  readonly amount: string;
  readonly type: AdjustmentType;
}

/** Whether taxes are added to the prices or included in them; `auto` takes what fits the total. */
export const taxModes = ['auto', 'added', 'included'] as const;
export type TaxMode = (typeof taxModes)[number];

export interface OrderAmounts {
  /** The total of the file. Undefined to compute it. */
  readonly total: string | undefined;
  readonly lines: readonly { readonly quantity: number; readonly unit_price?: string }[];
  /** The amounts of the file by their kind, summed over the rows. A discount is negative. */
  readonly amounts: ReadonlyMap<AdjustmentType, bigint>;
  readonly tax: TaxMode;
}

export interface MoneyOfOrder {
  readonly total: string;
  readonly adjustments: readonly Adjustment[];
  /** A tax that the prices include: it is no adjustment. */
  readonly taxIncluded: string | undefined;
}

/**
 * Makes the total and the adjustments of an order. A tax becomes an adjustment only if the sum then
 * equals the total; if the sum equals the total without it, the prices include it. Throws Refused
 * if neither fits: no amount is guessed.
 */
export function orderMoney({ total, lines, amounts, tax }: OrderAmounts): MoneyOfOrder {
  const prices = linesSum(lines);
  if (total === undefined && prices === undefined)
    throw new Refused('--total computed needs a unit_price in every row');
  const taxAmount = amounts.get('tax') ?? 0n;
  const adjustments: Adjustment[] = [];
  let withoutTax = prices ?? 0n;
  for (const type of adjustmentTypes) {
    const amount = amounts.get(type) ?? 0n;
    if (type === 'tax' || amount === 0n) continue;
    adjustments.push({ amount: decimalText(amount), type });
    withoutTax += amount;
  }
  const isAdded = taxAmount !== 0n && isTaxAdded(prices === undefined ? undefined : total, withoutTax + taxAmount, tax);
  if (isAdded) adjustments.push({ amount: decimalText(taxAmount), type: 'tax' });
  const sum = withoutTax + (isAdded ? taxAmount : 0n);
  if (total !== undefined && prices !== undefined && decimal(total) !== sum) {
    throw new Refused(
      `the total is ${total}, but lines and adjustments add up to ${decimalText(withoutTax)}` +
        (taxAmount === 0n ? '' : `, or with the tax to ${decimalText(withoutTax + taxAmount)}`),
    );
  }
  const taxIncluded = taxAmount === 0n || isAdded ? undefined : decimalText(taxAmount);
  return { total: total ?? decimalText(sum), adjustments, taxIncluded };
}

/** Quantity × price, summed. Undefined if a line has no price. */
function linesSum(lines: OrderAmounts['lines']): bigint | undefined {
  let sum = 0n;
  for (const { quantity, unit_price } of lines) {
    if (unit_price === undefined) return undefined;
    sum += decimal(unit_price) * BigInt(quantity);
  }
  return sum;
}

function isTaxAdded(total: string | undefined, sumWithTax: bigint, tax: TaxMode): boolean {
  if (tax !== 'auto') return tax === 'added';
  if (total !== undefined) return decimal(total) === sumWithTax;
  throw new Refused(
    'whether the tax is included cannot be told without the total and all prices: set --tax added or --tax included',
  );
}
