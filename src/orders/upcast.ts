import type { OrderEvent } from './events.js';

/** Turns an event's data of one schema version into the next one's. Pure; the stored event never changes. */
export type Upcaster = (data: Record<string, unknown>) => Record<string, unknown>;

/**
 * For each event type the steps from schema version 1 to 2, 2 to 3, and so on. To change an event's data: change its
 * type in events.ts and add here the step that turns what is stored into it.
 */
export type Upcasters = Readonly<Partial<Record<OrderEvent['type'], readonly Upcaster[]>>>;

const upcasters: Upcasters = {};

/** The schema version that newly written events of this type carry. */
export function currentSchema(type: OrderEvent['type'], steps: Upcasters = upcasters): number {
  return (steps[type]?.length ?? 0) + 1;
}

/**
 * Reads stored data of any schema version as today's event. Throws on a type or a schema version that this code does
 * not know: it was written by a newer version of the service, and guessing would corrupt whatever is derived from it.
 */
export function upcast(type: string, schema: number, data: unknown, steps: Upcasters = upcasters): OrderEvent {
  if (!isEventType(type)) throw new Error(`unknown event type "${type}": was it written by a newer version?`);
  const current = currentSchema(type, steps);
  if (!Number.isInteger(schema) || schema < 1 || schema > current) {
    throw new Error(`${type} of schema version ${schema}: this version reads 1 to ${current}`);
  }
  let upcasted = data;
  for (const step of (steps[type] ?? []).slice(schema - 1)) upcasted = step(upcasted as Record<string, unknown>);
  // The log only holds what decide has made, in the schema version that it names: the one place where that is trusted.
  return { type, data: upcasted } as OrderEvent;
}

const eventTypes: Readonly<Record<OrderEvent['type'], true>> = {
  OrderPlaced: true,
  OrderAmended: true,
  OrderPaid: true,
  OrderProcessingStarted: true,
  OrderShipped: true,
  OrderDelivered: true,
  OrderCancelled: true,
  OrderRefunded: true,
  OrderReturned: true,
  OrderHeld: true,
  OrderReleased: true,
  OrderNoteAdded: true,
  OrderPersonErased: true,
};

/** Every type of an order's events. */
export const orderEventTypes = Object.keys(eventTypes) as readonly OrderEvent['type'][];

function isEventType(type: string): type is OrderEvent['type'] {
  return Object.hasOwn(eventTypes, type);
}
