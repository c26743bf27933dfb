import type { AdjustmentData, LineUnits, OrderedItem } from './event-data.js';
import type { Adjustment, OrderItem } from './order.js';

/**
 * The lines of an order as they were ordered. Their ids are their numbers unless they are given.
 */
export function orderedLines(items: readonly OrderedItem[]): OrderItem[] {
  return items.map(({ line_id, item_id, quantity, unit_price_minor, unit_price_micro }, index) => ({
    lineId: line_id ?? String(index + 1),
    itemId: item_id,
    quantity,
    unitPriceMinor: unit_price_minor,
    unitPriceMicro: unit_price_micro ?? null,
    cancelled: 0,
    shipped: 0,
    inTransit: 0,
    delivered: 0,
    returned: 0,
  }));
}

const noAdjustments: readonly Adjustment[] = [];

export function adjustmentsOf(adjustments: readonly AdjustmentData[] | undefined): readonly Adjustment[] {
  if (!adjustments) return noAdjustments;
  return adjustments.map(({ type, amount_minor, description }) => {
    return { type, amountMinor: amount_minor, description: description ?? null };
  });
}

/** The numbers that an event adds to the counts of a line. */
type Counts = Partial<Pick<OrderItem, 'cancelled' | 'shipped' | 'inTransit' | 'delivered' | 'returned'>>;

/** Adds to the counts of a line in a list that the caller owns. */
export function count(items: OrderItem[], index: number, added: Counts): void {
  const item = items[index];
  if (!item) throw new Error(`there is no line at ${index}`);
  items[index] = {
    lineId: item.lineId,
    itemId: item.itemId,
    quantity: item.quantity,
    unitPriceMinor: item.unitPriceMinor,
    unitPriceMicro: item.unitPriceMicro,
    cancelled: item.cancelled + (added.cancelled ?? 0),
    shipped: item.shipped + (added.shipped ?? 0),
    inTransit: item.inTransit + (added.inTransit ?? 0),
    delivered: item.delivered + (added.delivered ?? 0),
    returned: item.returned + (added.returned ?? 0),
  };
}

/**
 * Returns the index of a line, or -1. A line's id is mostly its number. Otherwise the search begins
 * at the expected index and wraps around: events list units mostly in the order of the lines.
 */
export function indexOfLine(items: readonly { readonly lineId: string }[], lineId: string, expected: number): number {
  const byNumber = Number(lineId) - 1;
  if (items[byNumber]?.lineId === lineId) return byNumber;
  for (let step = 0; step < items.length; step += 1) {
    const at = (expected + step) % items.length;
    if (items[at]?.lineId === lineId) return at;
  }
  return -1;
}

/**
 * Returns the index of the line that the units of an event belong to. Throws if there is none: the
 * stream is damaged.
 */
export function lineOf(items: readonly OrderItem[], { line_id, item_id }: LineUnits, expected: number): number {
  const at =
    line_id === undefined
      ? items.findIndex(({ itemId }) => itemId === item_id)
      : indexOfLine(items, line_id, Math.min(expected, items.length));
  if (at < 0) throw new Error(`there is no line ${line_id ?? `of item "${item_id}"`}`);
  return at;
}
