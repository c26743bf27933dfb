import type { UnitsInput } from '../commands.js';
import type { LineUnits } from '../event-data.js';
import type { OrderItem } from '../order.js';
import { priceOf } from '../values/unit-price.js';

/** Gives the number of units of a line that a command may take. */
export type Available = (item: OrderItem) => number;

/** Units of one line that a command takes, by source. */
export interface Chosen {
  readonly item: OrderItem;
  readonly fromFirst: number;
  readonly fromSecond: number;
}

type Units = Omit<Chosen, 'item'>;
type Taken = ReadonlyMap<OrderItem, Units>;
const noUnits: Units = { fromFirst: 0, fromSecond: 0 };

/**
 * The units that a command takes, in the order of the lines, or a text that says what is missing.
 */
export type Choice = { readonly chosen: readonly Chosen[] } | { readonly missing: string };

/**
 * Chooses the given units; by default all that are available. An item that has several lines is
 * taken in their order. All units of the first source are taken before those of the second.
 */
export function chooseUnits(
  items: readonly OrderItem[],
  given: readonly UnitsInput[] | undefined,
  first: Available,
  second: Available = () => 0,
): Choice {
  const taken = new Map<OrderItem, Units>();
  if (!given) {
    for (const item of items) take(taken, item, first(item), second(item));
    return { chosen: inOrder(items, taken) };
  }
  const find = lineFinder(items, given.length);
  for (const units of namedLinesFirst(given)) {
    const lines = find(units);
    let left = units.quantity;
    for (const item of lines) {
      const available = first(item) - (taken.get(item)?.fromFirst ?? 0);
      left -= take(taken, item, Math.min(left, available), 0);
    }
    for (const item of lines) {
      const available = second(item) - (taken.get(item)?.fromSecond ?? 0);
      left -= take(taken, item, 0, Math.min(left, available));
    }
    // The entry has taken every unit that the entries before it have left.
    if (left > 0) return { missing: describeMissing(units, units.quantity - left) };
  }
  return { chosen: inOrder(items, taken) };
}

/**
 * Entries that name a line, before those that name only an item: these take what those leave,
 * whatever the order in which the client lists them.
 */
function namedLinesFirst(given: readonly UnitsInput[]): readonly UnitsInput[] {
  const named = given.filter(({ line_id }) => line_id !== undefined);
  return [...named, ...given.filter(({ line_id }) => line_id === undefined)];
}

function take(taken: Map<OrderItem, Units>, item: OrderItem, fromFirst: number, fromSecond: number): number {
  if (fromFirst + fromSecond === 0) return 0;
  const before = taken.get(item) ?? noUnits;
  taken.set(item, { fromFirst: before.fromFirst + fromFirst, fromSecond: before.fromSecond + fromSecond });
  return fromFirst + fromSecond;
}

function inOrder(items: readonly OrderItem[], taken: Taken): Chosen[] {
  const chosen: Chosen[] = [];
  for (const item of items) {
    const units = taken.get(item);
    if (units) chosen.push({ item, fromFirst: units.fromFirst, fromSecond: units.fromSecond });
  }
  return chosen;
}

/** Units up to which a search of the lines for each of them is cheaper than a map of all lines. */
const fewUnits = 8;

/** Finds the lines that units name. An order and a command may have thousands of them. */
function lineFinder(items: readonly OrderItem[], wanted: number): (units: UnitsInput) => readonly OrderItem[] {
  if (wanted <= fewUnits) {
    return ({ line_id, item_id }) =>
      items.filter(
        ({ lineId, itemId }) =>
          (line_id === undefined || lineId === line_id) && (item_id === undefined || itemId === item_id),
      );
  }
  const byLine = new Map<string, OrderItem>();
  const byItem = new Map<string, OrderItem[]>();
  for (const item of items) {
    byLine.set(item.lineId, item);
    const lines = byItem.get(item.itemId);
    if (lines) lines.push(item);
    else byItem.set(item.itemId, [item]);
  }
  return ({ line_id, item_id }) => {
    if (line_id === undefined) return byItem.get(item_id ?? '') ?? [];
    const line = byLine.get(line_id);
    return line && (item_id === undefined || item_id === line.itemId) ? [line] : [];
  };
}

function describeMissing({ item_id, line_id }: UnitsInput, left: number): string {
  const what = line_id === undefined ? `Item "${item_id}"` : `Line "${line_id}"`;
  return `${what} has ${left === 1 ? '1 unit' : `${left} units`} left`;
}

export function unitsOf({ fromFirst, fromSecond }: Chosen): number {
  return fromFirst + fromSecond;
}

/** Units as events have them. */
export function lineUnits(chosen: Chosen): LineUnits {
  const { lineId, itemId } = chosen.item;
  return { line_id: lineId, item_id: itemId, quantity: unitsOf(chosen) };
}

/** Whether these are all units that were available. */
export function areAll(chosen: readonly Chosen[], items: readonly OrderItem[], available: Available): boolean {
  const all = items.reduce((sum, item) => sum + available(item), 0);
  return chosen.reduce((sum, one) => sum + unitsOf(one), 0) === all;
}

/**
 * The price of units in minor units. Undefined if a line has no price, or if the price of these
 * units is not whole in minor units.
 */
export function priceOfUnits(chosen: readonly Chosen[], exponent: number): bigint | undefined {
  let sum = 0n;
  for (const one of chosen) {
    const { unitPriceMinor, unitPriceMicro } = one.item;
    if (unitPriceMinor === null && unitPriceMicro === null) return undefined;
    const price = priceOf(one.item, unitsOf(one), exponent);
    if (price === undefined) return undefined;
    sum += price;
  }
  return sum;
}
