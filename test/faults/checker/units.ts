import { decimalsOf } from './amounts.js';
import type { RequestedUnits } from './commands.js';
import { type Line, type OrderState, type Shipment, toShip } from './state.js';

export interface ChosenUnits {
  line: Line;
  quantity: number;
}

/**
 * The units that a command names: those of named lines first, then those of items from their lines
 * in order. Null if a line is unknown or has too few.
 */
export function chooseUnits(
  state: OrderState,
  requested: readonly RequestedUnits[],
  available: (line: Line) => number,
): ChosenUnits[] | null {
  const chosen = new Map<Line, number>();
  const take = (line: Line, wanted: number) => {
    const units = Math.min(wanted, available(line) - (chosen.get(line) ?? 0));
    if (units > 0) chosen.set(line, (chosen.get(line) ?? 0) + units);
    return Math.max(units, 0);
  };
  const byLine = requested.filter((one) => one.line_id !== undefined);
  const byItem = requested.filter((one) => one.line_id === undefined);
  for (const one of [...byLine, ...byItem]) {
    let left = one.quantity;
    for (const line of state.lines) {
      const matches = one.line_id === undefined ? line.itemId === one.item_id : line.lineId === one.line_id;
      if (matches && (one.item_id === undefined || line.itemId === one.item_id)) left -= take(line, left);
    }
    if (left > 0) return null;
  }
  return state.lines.flatMap((line) => {
    const quantity = chosen.get(line) ?? 0;
    return quantity > 0 ? [{ line, quantity }] : [];
  });
}

/** All units that are available. */
export function allUnits(state: OrderState, available: (line: Line) => number): ChosenUnits[] {
  return state.lines.flatMap((line) => (available(line) > 0 ? [{ line, quantity: available(line) }] : []));
}

/** Price of units in minor units of the currency; null if a line has no price. */
export function priceOf(state: OrderState, units: readonly ChosenUnits[]): bigint | null {
  const micros = 10n ** BigInt(6 - decimalsOf(state.currency));
  let sum = 0n;
  for (const { line, quantity } of units) {
    if (line.price === null) return null;
    const price = line.price * BigInt(quantity);
    // Half a minor unit rounds up.
    sum += (2n * price + micros) / (2n * micros);
  }
  return sum;
}

export const unitsLeft = (line: Line) => toShip(line);

/** Units of a line in shipments: under way, or with the customer. */
export function unitsIn(state: OrderState, shipmentId: string | undefined, where: 'inTransit' | 'arrived') {
  const shipments = shipmentId === undefined ? state.shipments : state.shipments.filter((one) => one.id === shipmentId);
  return (line: Line) => shipments.reduce((sum, one) => sum + unitsOf(one, line, where), 0);
}

function unitsOf(shipment: Shipment, line: Line, where: 'inTransit' | 'arrived'): number {
  return shipment.items.reduce((sum, item) => sum + (item.line === line ? item[where] : 0), 0);
}
