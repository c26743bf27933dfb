import type { OrderEvent } from './events.js';

/**
 * An event of a type or a schema version that this code does not know: a newer version wrote it.
 */
export class UnknownEvent extends Error {
  override readonly name = 'UnknownEvent';
}

/** Converts an event's data to the next schema version. Pure; the stored event never changes. */
export type Upcaster = (data: Record<string, unknown>) => Record<string, unknown>;

/**
 * The steps of each event type, from schema version 1 to 2, from 2 to 3, and so on. To change an
 * event's data, change its type in events.ts and add a step here that converts stored data to it.
 */
export type Upcasters = Readonly<Partial<Record<OrderEvent['type'], readonly Upcaster[]>>>;

const unchanged: Upcaster = (data) => data;

/**
 * In schema version 1, an item has one line, deliveries and cancellations are of the whole order,
 * and every refund lowers what the order is worth. The version also rises if
 * a type gets a wider meaning in the same shape: code that knows only version 1 has to refuse it.
 */
const upcasters: Upcasters = {
  OrderAmended: [unchanged],
  OrderShipped: [(data) => ({ ...data, shipment_id: null })],
  OrderDelivered: [() => ({ items: null, shipment_id: null })],
  OrderCancelled: [({ reason }) => ({ items: null, amount_minor: null, reason })],
  OrderRefunded: [(data) => ({ ...data, credited_minor: data.amount_minor })],
  OrderReturned: [(data) => ({ ...data, shipment_id: null, rest_arrived: true })],
};

/** Returns the schema version that new events of this type carry. */
export function currentSchema(type: OrderEvent['type'], steps: Upcasters = upcasters): number {
  return (steps[type]?.length ?? 0) + 1;
}

/**
 * Converts stored data of any schema version to an event of the current one. Throws UnknownEvent if
 * this code does not know the type or the schema version: a newer version of the service wrote the
 * event, and a guess would corrupt everything derived from it.
 */
export function upcast(type: string, schema: number, data: unknown, steps: Upcasters = upcasters): OrderEvent {
  if (!isEventType(type)) throw new UnknownEvent(`unknown event type "${type}": was it written by a newer version?`);
  const current = currentSchema(type, steps);
  if (!Number.isInteger(schema) || schema < 1 || schema > current) {
    throw new UnknownEvent(`${type} of schema version ${schema}: this version reads 1 to ${current}`);
  }
  let upcasted = data;
  for (const step of (steps[type] ?? []).slice(schema - 1)) upcasted = step(upcasted as Record<string, unknown>);
  // The log holds only data that `decide` produced, in the schema version that the event names.
  // This is the one place that relies on it.
  return { type, data: upcasted } as OrderEvent;
}

const eventTypes: Readonly<Record<OrderEvent['type'], true>> = {
  OrderPlaced: true,
  OrderAmended: true,
  OrderPaid: true,
  OrderProcessingStarted: true,
  OrderShipped: true,
  OrderShipmentTracked: true,
  OrderDelivered: true,
  OrderCancelled: true,
  OrderRefunded: true,
  OrderCredited: true,
  OrderReturned: true,
  OrderHeld: true,
  OrderReleased: true,
  OrderNoteAdded: true,
  OrderPersonErased: true,
};

/** All types of order events. */
export const orderEventTypes = Object.keys(eventTypes) as readonly OrderEvent['type'][];

function isEventType(type: string): type is OrderEvent['type'] {
  return Object.hasOwn(eventTypes, type);
}
