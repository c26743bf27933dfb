import type { AdjustmentInput, LineInput, OrderLines } from '../commands.js';
import type { AdjustmentData, OrderedItem } from '../event-data.js';
import { orderLimits } from '../limits.js';
import type { Adjustment, OrderItem } from '../order.js';
import { formatMinor, type MoneyInput, parseMoney } from '../values/money.js';
import { parseUnitPrice, priceOf } from '../values/unit-price.js';
import { invalid, type Rejection } from './rejection.js';

/** Lines, and the sum of their prices in minor units; undefined if a line has no price. */
export interface PricedLines {
  readonly items: OrderedItem[];
  readonly sumMinor: bigint | undefined;
}

/** Parses the lines of an order. Each occurrence of an id in `itemIds` is one unit. */
export function parseLines({ itemIds, items = [] }: OrderLines, exponent: number): PricedLines | Rejection {
  if (itemIds) {
    const counts = new Map<string, number>();
    for (const itemId of itemIds) counts.set(itemId, (counts.get(itemId) ?? 0) + 1);
    const lines = [...counts].map(([item_id, quantity]) => ({ item_id, quantity, unit_price_minor: null }));
    return { items: lines, sumMinor: undefined };
  }
  const wrongId = wrongLineId(items);
  if (wrongId) return wrongId;
  const lines: OrderedItem[] = [];
  const sum = new ExactSum();
  let allPriced = true;
  for (const [index, line] of items.entries()) {
    const { item_id, quantity, unit_price, line_id } = line;
    const id = line_id === undefined ? {} : { line_id };
    if (unit_price === undefined) {
      allPriced = false;
      lines.push({ item_id, quantity, unit_price_minor: null, ...id });
      continue;
    }
    const price = parseUnitPrice(unit_price, exponent);
    if ('error' in price) return invalid(`/items/${index}/unit_price`, price.error);
    if (price.minor !== null) {
      sum.add(price.minor, quantity);
      lines.push({ item_id, quantity, unit_price_minor: price.minor, ...id });
      continue;
    }
    const total = priceOf({ unitPriceMinor: null, unitPriceMicro: price.micro }, quantity, exponent);
    if (total === undefined) {
      const decimals = `must have at most ${exponent} decimals, or be whole with them when multiplied by the quantity`;
      return invalid(`/items/${index}/unit_price`, decimals);
    }
    sum.addExact(total);
    lines.push({ item_id, quantity, unit_price_minor: null, unit_price_micro: price.micro, ...id });
  }
  return { items: lines, sumMinor: allPriced ? sum.value() : undefined };
}

/** The sum of an order's present lines; undefined if a line has no price. */
export function sumOfLines(items: readonly OrderItem[], exponent: number): bigint | undefined {
  let sum = 0n;
  for (const item of items) {
    if (item.unitPriceMinor === null && item.unitPriceMicro === null) return undefined;
    sum += priceOf(item, item.quantity, exponent) ?? 0n;
  }
  return sum;
}

/** Line ids are given for all lines or for none, and no two lines have the same one. */
function wrongLineId(items: readonly LineInput[]): Rejection | undefined {
  const isGiven = items[0]?.line_id !== undefined;
  const seen = new Set<string>();
  for (const [index, { line_id }] of items.entries()) {
    if ((line_id !== undefined) !== isGiven) {
      return invalid(`/items/${index}/line_id`, 'must be given for all lines or for none');
    }
    if (line_id === undefined) continue;
    if (seen.has(line_id)) {
      return invalid(`/items/${index}/line_id`, `must be unique: an earlier line has the line_id "${line_id}"`);
    }
    seen.add(line_id);
  }
  return undefined;
}

/**
 * Parses adjustments. A discount is zero or negative; `other` may be either; the rest is not
 * negative.
 */
export function parseAdjustments(
  adjustments: readonly AdjustmentInput[],
  exponent: number,
): AdjustmentData[] | Rejection {
  const parsed: AdjustmentData[] = [];
  for (const [index, { type, amount, description }] of adjustments.entries()) {
    const pointer = `/adjustments/${index}/amount`;
    const minor = parseSigned(amount, exponent);
    if ('error' in minor) return invalid(pointer, minor.error);
    if (type === 'discount' && minor.minor > 0) return invalid(pointer, 'must not be positive: a discount is negative');
    if (type !== 'discount' && type !== 'other' && minor.minor < 0) {
      return invalid(pointer, `must not be negative: only a discount and other are`);
    }
    parsed.push({ type, amount_minor: minor.minor, ...(description === undefined ? {} : { description }) });
  }
  return parsed;
}

function parseSigned(amount: MoneyInput, exponent: number): ReturnType<typeof parseMoney> {
  const isNegative = typeof amount === 'number' ? amount < 0 : amount.startsWith('-') && !amount.startsWith('--');
  if (!isNegative) return parseMoney(amount, exponent);
  const parsed = parseMoney(typeof amount === 'number' ? -amount : amount.slice(1), exponent);
  return 'error' in parsed || parsed.minor === 0 ? parsed : { minor: -parsed.minor };
}

/** An order's present adjustments as its next event has them. */
export function adjustmentData(adjustments: readonly Adjustment[]): AdjustmentData[] {
  return adjustments.map(({ type, amountMinor, description }) => {
    return { type, amount_minor: amountMinor, ...(description === null ? {} : { description }) };
  });
}

/**
 * Parses the total. If all lines have prices, it is the sum of lines and adjustments: it may be
 * left out, and another one is invalid. Otherwise it is required.
 */
export function parseTotal(
  given: MoneyInput | undefined,
  sumOfPrices: bigint | undefined,
  adjustments: readonly AdjustmentData[],
  exponent: number,
): { readonly minor: number } | Rejection {
  let sum = sumOfPrices;
  for (const { amount_minor } of adjustments) if (sum !== undefined) sum += BigInt(amount_minor);
  if (given === undefined) {
    if (sum === undefined) return invalid('/total_amount', 'is required unless all lines have a unit_price');
    if (sum < 0n) return invalid('/adjustments', `take the total below zero, to ${formatMinor(sum, exponent)}`);
    if (sum > BigInt(orderLimits.maxAmountMinor)) {
      return invalid('/items', `have a sum above ${formatMinor(orderLimits.maxAmountMinor, exponent)}`);
    }
    return { minor: Number(sum) };
  }
  const total = parseMoney(given, exponent);
  if ('error' in total) return invalid('/total_amount', total.error);
  if (sum !== undefined && sum !== BigInt(total.minor)) {
    const parts = adjustments.length > 0 ? 'the items and the adjustments' : 'the items';
    return invalid('/total_amount', `must equal the sum of ${parts}, ${formatMinor(sum, exponent)}`);
  }
  return total;
}

/** A sum of products. It uses numbers as long as they are exact: bigint costs more. */
class ExactSum {
  #small = 0;
  #large = 0n;

  add(minor: number, quantity: number): void {
    const next = this.#small + minor * quantity;
    if (Number.isSafeInteger(next)) this.#small = next;
    else this.#large += BigInt(minor) * BigInt(quantity);
  }

  addExact(minor: bigint): void {
    this.#large += minor;
  }

  value(): bigint {
    return this.#large + BigInt(this.#small);
  }
}
