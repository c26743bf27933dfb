import { indexOfLine } from './lines.js';
import type { Shipment, ShippedItem } from './order.js';

/** The place of units of a shipment until they come back. */
type Place = 'inTransit' | 'withCustomer';

/** Units of one line that change their place. */
export interface MovedUnits {
  readonly lineId: string;
  readonly units: number;
}

/**
 * Moves units of shipments: units in transit to the customer, or units of either place back to the
 * shop. The oldest shipments come first, unless one shipment is named. Changes the list, which its
 * caller owns, but none of its shipments.
 *
 * @param arrivedAt the time at which the units arrived; undefined if they come back.
 */
export function moveUnits(
  shipments: Shipment[],
  moves: readonly MovedUnits[],
  from: Place,
  arrivedAt: string | undefined,
  shipmentId: string | null,
): void {
  if (moves.length === 0) return;
  const open = openShipments(shipments, from, shipmentId);
  for (const { lineId, units } of moves) {
    let left = units;
    for (const one of open) {
      if (left === 0) break;
      left -= take(one, lineId, left, from, arrivedAt !== undefined);
    }
    if (left > 0) throw new Error(`line ${lineId}: ${left} units are in no shipment`);
  }
  for (const { index, shipment, items, taken } of open) {
    if (!items) continue;
    const { shipmentId, carrier, trackingNumber, shippedAt } = shipment;
    const inTransit = from === 'inTransit' ? shipment.inTransit - taken : shipment.inTransit;
    const lastArrival = arrivedAt ?? shipment.arrivedAt;
    shipments[index] = { shipmentId, carrier, trackingNumber, shippedAt, arrivedAt: lastArrival, inTransit, items };
  }
}

/** Moves everything that is in transit to the customer. */
export function deliverAll(shipments: Shipment[], arrivedAt: string | undefined): void {
  for (const [index, shipment] of shipments.entries()) {
    if (shipment.inTransit === 0) continue;
    const { shipmentId, carrier, trackingNumber, shippedAt } = shipment;
    const items = shipment.items.map(({ lineId, itemId, quantity, inTransit, withCustomer }) => {
      return { lineId, itemId, quantity, inTransit: 0, withCustomer: withCustomer + inTransit };
    });
    const lastArrival = arrivedAt ?? shipment.arrivedAt;
    shipments[index] = { shipmentId, carrier, trackingNumber, shippedAt, arrivedAt: lastArrival, inTransit: 0, items };
  }
}

/** A shipment from which units may be taken. */
interface OpenShipment {
  readonly index: number;
  readonly shipment: Shipment;
  /** A copy of its items, once one of them has changed. */
  items: ShippedItem[] | undefined;
  /** The index at which the next line is expected: moves mostly are in the order of the lines. */
  expected: number;
  taken: number;
}

function openShipments(shipments: readonly Shipment[], from: Place, shipmentId: string | null): OpenShipment[] {
  const open: OpenShipment[] = [];
  for (const [index, shipment] of shipments.entries()) {
    if (shipmentId !== null && shipment.shipmentId !== shipmentId) continue;
    if (from === 'inTransit' && shipment.inTransit === 0) continue;
    open.push({ index, shipment, items: undefined, expected: 0, taken: 0 });
  }
  return open;
}

/** Takes units of a line from a shipment, as many as are there. Returns their number. */
function take(open: OpenShipment, lineId: string, wanted: number, from: Place, arrives: boolean): number {
  const items = open.items ?? open.shipment.items;
  const at = indexOfLine(items, lineId, open.expected);
  const item = items[at];
  const units = item ? Math.min(wanted, item[from]) : 0;
  if (!item || units === 0) return 0;
  open.items ??= [...items];
  open.items[at] = {
    lineId,
    itemId: item.itemId,
    quantity: item.quantity,
    inTransit: from === 'inTransit' ? item.inTransit - units : item.inTransit,
    withCustomer: item.withCustomer + (arrives ? units : from === 'withCustomer' ? -units : 0),
  };
  open.expected = at + 1;
  open.taken += units;
  return units;
}
