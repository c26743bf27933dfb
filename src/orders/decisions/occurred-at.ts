import type { OrderEvent } from '../events.js';
import type { Order } from '../order.js';
import { moveUnits } from '../shipments.js';
import { invalid, type Rejection } from './rejection.js';

/**
 * Rejects the time of a command that lies before what the command depends on: the placing of the
 * order, the shipping of the units that arrive or come back, the first payment of a refund.
 */
export function rejectTooEarly(
  events: readonly OrderEvent[],
  order: Order | undefined,
  occurredAt: string,
): Rejection | undefined {
  if (!order) return undefined;
  for (const event of events) {
    const { at, what } = earliest(event, order);
    if (occurredAt < at) return invalid('/occurred_at', `must not be before ${what}, ${at}`);
  }
  return undefined;
}

/** Times are texts of one form, which sort as the times do. */
function earliest(event: OrderEvent, order: Order): { readonly at: string; readonly what: string } {
  const placed = { at: order.placedAt, what: 'the order was placed' };
  const later = (at: string | null | undefined, what: string) => (at && at > placed.at ? { at, what } : placed);
  switch (event.type) {
    case 'OrderRefunded':
      return later(order.firstPaidAt, 'the first payment');
    case 'OrderShipmentTracked': {
      const { shipment_id } = event.data;
      const shipment = order.shipments.find(({ shipmentId }) => shipmentId === shipment_id);
      return later(shipment?.shippedAt, 'the units were shipped');
    }
    case 'OrderDelivered':
    case 'OrderReturned':
      return later(lastShippedAt(event, order), 'the units were shipped');
    default:
      return placed;
  }
}

/** The latest time at which units of the event were shipped. */
function lastShippedAt(
  { type, data }: Extract<OrderEvent, { type: 'OrderDelivered' | 'OrderReturned' }>,
  order: Order,
): string | undefined {
  const inTransit: { lineId: string; units: number }[] = [];
  const withCustomer: { lineId: string; units: number }[] = [];
  if (data.items === null) {
    for (const { lineId, inTransit: units } of order.items) if (units > 0) inTransit.push({ lineId, units });
  } else {
    for (const item of data.items) {
      const lineId = item.line_id ?? '';
      const transit = type === 'OrderDelivered' ? item.quantity : 'in_transit' in item ? (item.in_transit ?? 0) : 0;
      if (transit > 0) inTransit.push({ lineId, units: transit });
      if (item.quantity > transit) withCustomer.push({ lineId, units: item.quantity - transit });
    }
  }
  const after = [...order.shipments];
  moveUnits(after, inTransit, 'inTransit', undefined, data.shipment_id);
  moveUnits(after, withCustomer, 'withCustomer', undefined, data.shipment_id);
  let last: string | undefined;
  for (const [index, { shippedAt }] of order.shipments.entries()) {
    const isConcerned = after[index] !== order.shipments[index];
    if (isConcerned && (last === undefined || shippedAt > last)) last = shippedAt;
  }
  return last;
}
