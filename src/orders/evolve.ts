import { type Draft, draftOf, ownItems, ownShipments, placedDraft } from './draft.js';
import type { LineUnits, OrderAmended, OrderReturned, OrderShipped } from './event-data.js';
import type { EventEnvelope, OrderEvent } from './events.js';
import { adjustmentsOf, count, lineOf, orderedLines } from './lines.js';
import { type Order, type ShippedItem, unitsToShip } from './order.js';
import { erasedText } from './personal-data.js';
import { deliverAll, type MovedUnits, moveUnits } from './shipments.js';
import { applyToTotals, arrivesAtOnce, leftToShip } from './totals.js';

type LaterEvent = Exclude<OrderEvent, { type: 'OrderPlaced' }> & EventEnvelope;

/**
 * Returns the order after one more event. Pure. Throws only if the stream is damaged: it does not
 * begin with OrderPlaced, or a version does not follow the one before. A guess would hide that.
 */
export function evolve(order: Order | undefined, event: OrderEvent & EventEnvelope): Order {
  const next = fold([event], order);
  if (!next) throw new Error('an event leads to an order');
  return next;
}

/**
 * Folds a whole stream into an order, or the rest of a stream onto the order so far. Lists that the
 * events change are copied once, not once per event.
 */
export function fold(events: Iterable<OrderEvent & EventEnvelope>, from?: Order): Order | undefined {
  let draft: Draft | undefined;
  for (const event of events) {
    const version = draft?.order.version ?? from?.version ?? 0;
    if (event.version !== version + 1) {
      throw new Error(`order ${event.orderId}: version ${event.version} does not follow ${version}`);
    }
    if (event.type === 'OrderPlaced') {
      if (version > 0) throw new Error(`order ${event.orderId} is placed a second time`);
      draft = placedDraft(event, event.data);
      continue;
    }
    draft ??= from && draftOf(from);
    if (!draft) throw new Error(`order ${event.orderId} does not begin with OrderPlaced`);
    draft.order.version = event.version;
    draft.order.updatedAt = event.recordedAt;
    apply(draft, event);
  }
  return draft ? draft.order : from;
}

/** Applies an event to the order. A new event type without a case is an error of the compiler. */
function apply(draft: Draft, event: LaterEvent): void {
  const { order } = draft;
  switch (event.type) {
    case 'OrderAmended':
      amend(draft, event.data);
      break;
    case 'OrderPaid': {
      const { amount_minor: amountMinor, payment_reference: reference } = event.data;
      order.firstPaidAt ??= event.occurredAt;
      if (reference !== null) {
        order.lastPayment = { reference, amountMinor, version: event.version, previous: order.lastPayment };
      }
      break;
    }
    case 'OrderShipped':
      ship(draft, event.data, event.occurredAt);
      break;
    case 'OrderShipmentTracked': {
      const shipments = ownShipments(draft);
      const index = shipments.findIndex(({ shipmentId }) => shipmentId === event.data.shipment_id);
      const shipment = shipments[index];
      if (!shipment) throw new Error(`order ${order.orderId} has no shipment ${event.data.shipment_id}`);
      const { carrier, tracking_number: trackingNumber } = event.data;
      shipments[index] = {
        ...shipment,
        carrier: carrier ?? shipment.carrier,
        trackingNumber: trackingNumber ?? shipment.trackingNumber,
      };
      break;
    }
    case 'OrderDelivered':
      deliver(draft, event.data.items, event.data.shipment_id, event.occurredAt);
      break;
    case 'OrderCancelled':
      cancel(draft, event.data.items);
      break;
    case 'OrderRefunded':
      order.lastPayment = null;
      break;
    case 'OrderReturned':
      if (event.data.rest_arrived) comeBackInSchema1(draft, event.data);
      else comeBack(draft, event.data);
      break;
    case 'OrderHeld':
      order.onHold = true;
      break;
    case 'OrderReleased':
      order.onHold = false;
      break;
    case 'OrderPersonErased':
      erase(draft);
      break;
    case 'OrderProcessingStarted':
    case 'OrderCredited':
    case 'OrderNoteAdded':
      break;
    default:
      event satisfies never;
  }
  applyToTotals(order, event);
  // A hold blocks the units that are still to ship; without such units it ends.
  order.onHold = order.onHold && leftToShip(order.units) > 0;
}

function amend(draft: Draft, { reference, metadata, total_minor, items, adjustments }: OrderAmended): void {
  const { order } = draft;
  if (reference !== undefined) order.reference = reference;
  if (metadata !== undefined) order.metadata = metadata;
  if (total_minor === undefined) return;
  order.adjustments = adjustmentsOf(adjustments);
  if (items) {
    draft.ownItems = orderedLines(items);
    order.items = draft.ownItems;
    return;
  }
  const lines = ownItems(draft);
  for (const [index, { cancelled }] of lines.entries()) {
    if (cancelled > 0) count(lines, index, { cancelled: -cancelled });
  }
}

function ship(draft: Draft, data: OrderShipped, shippedAt: string): void {
  const lines = ownItems(draft);
  const arrives = arrivesAtOnce(data, draft.order.units);
  const shipped = new Map<string, ShippedItem>();
  let all = 0;
  eachLine(draft, data.items, (index, { quantity }) => {
    count(
      lines,
      index,
      arrives ? { shipped: quantity, delivered: quantity } : { shipped: quantity, inTransit: quantity },
    );
    const { lineId = '', itemId = '' } = lines[index] ?? {};
    // Schema version 1 may name an item several times.
    const units = quantity + (shipped.get(lineId)?.quantity ?? 0);
    shipped.set(lineId, {
      lineId,
      itemId,
      quantity: units,
      inTransit: arrives ? 0 : units,
      withCustomer: arrives ? units : 0,
    });
    all += quantity;
  });
  const shipments = ownShipments(draft);
  shipments.push({
    shipmentId: data.shipment_id ?? String(shipments.length + 1),
    carrier: data.carrier,
    trackingNumber: data.tracking_number,
    shippedAt,
    arrivedAt: null,
    inTransit: arrives ? 0 : all,
    items: [...shipped.values()],
  });
}

function deliver(draft: Draft, items: readonly LineUnits[] | null, shipmentId: string | null, at: string): void {
  if (items === null) {
    deliverRest(draft, at);
    return;
  }
  const lines = ownItems(draft);
  const moves: MovedUnits[] = [];
  eachLine(draft, items, (index, { quantity }) => {
    count(lines, index, { inTransit: -quantity, delivered: quantity });
    moves.push({ lineId: lines[index]?.lineId ?? '', units: quantity });
  });
  moveUnits(ownShipments(draft), moves, 'inTransit', at, shipmentId);
}

/** Everything in transit arrives. @param at undefined if the time is not known. */
function deliverRest(draft: Draft, at: string | undefined): void {
  const lines = ownItems(draft);
  for (const [index, { inTransit }] of lines.entries()) {
    if (inTransit > 0) count(lines, index, { inTransit: -inTransit, delivered: inTransit });
  }
  deliverAll(ownShipments(draft), at);
}

function cancel(draft: Draft, items: readonly LineUnits[] | null): void {
  const lines = ownItems(draft);
  if (items) {
    eachLine(draft, items, (index, { quantity }) => count(lines, index, { cancelled: quantity }));
    return;
  }
  for (const [index, line] of lines.entries()) {
    const left = unitsToShip(line);
    if (left > 0) count(lines, index, { cancelled: left });
  }
}

function comeBack(draft: Draft, { items, shipment_id: shipmentId, ship_again }: OrderReturned): void {
  const lines = ownItems(draft);
  const inTransit: MovedUnits[] = [];
  const withCustomer: MovedUnits[] = [];
  eachLine(draft, items, (index, { quantity, in_transit = 0 }) => {
    const lineId = lines[index]?.lineId ?? '';
    const arrived = quantity - in_transit;
    if (in_transit > 0) inTransit.push({ lineId, units: in_transit });
    if (arrived > 0) withCustomer.push({ lineId, units: arrived });
    const back = ship_again ? { shipped: -quantity, delivered: -arrived } : { returned: quantity };
    count(lines, index, { ...back, inTransit: -in_transit });
  });
  const shipments = ownShipments(draft);
  moveUnits(shipments, inTransit, 'inTransit', undefined, shipmentId);
  moveUnits(shipments, withCustomer, 'withCustomer', undefined, shipmentId);
}

/** See `OrderReturned.rest_arrived`: what was in transit comes back or arrives. */
function comeBackInSchema1(draft: Draft, data: OrderReturned): void {
  const items = data.items.map((units) => {
    const line = draft.order.items[lineOf(draft.order.items, units, 0)];
    return line && line.inTransit > 0 ? { ...units, in_transit: units.quantity } : units;
  });
  comeBack(draft, { ...data, items });
  deliverRest(draft, undefined);
}

function erase(draft: Draft): void {
  const { order } = draft;
  order.userId = erasedText;
  order.metadata = {};
  const shipments = ownShipments(draft);
  for (const [index, shipment] of shipments.entries()) {
    if (shipment.trackingNumber !== null) shipments[index] = { ...shipment, trackingNumber: erasedText };
  }
}

/** Visits the line of each of the units. */
function eachLine<Units extends LineUnits>(
  { order: { items } }: Draft,
  all: readonly Units[],
  visit: (index: number, units: Units) => void,
): void {
  let expected = 0;
  for (const units of all) {
    const index = lineOf(items, units, expected);
    expected = index + 1;
    visit(index, units);
  }
}
