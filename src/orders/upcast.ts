import { type FindMisfit, misfitFinder } from '../json-schema.js';
import { eventDataSchemas } from './event-data.js';
import type { OrderEvent } from './events.js';

/**
 * An event of a type or a schema version that this code does not know: a newer version wrote it.
 */
export class UnknownEvent extends Error {
  override readonly name = 'UnknownEvent';
}

/**
 * An event of a known type whose data is not what the type requires. No version of the service
 * wrote it so: somebody wrote past the service, or changed the event.
 */
export class MalformedEvent extends Error {
  override readonly name = 'MalformedEvent';
}

/** The event that an `UnreadableEvent` is about. */
export interface EventInLog {
  readonly orderId: string;
  readonly version: number;
  readonly type: string;
  readonly partition: number;
  readonly position: number;
}

/**
 * An event of an order that cannot be read, or that cannot be applied to the order before it. The
 * cause says why. The order cannot be folded, whatever is asked of it; other orders are not
 * affected.
 */
export class UnreadableEvent extends Error {
  override readonly name = 'UnreadableEvent';

  /** Names the event, and holds nothing of its data or of the cause. */
  readonly description: string;

  constructor({ type, partition, position, version, orderId }: EventInLog, cause: unknown) {
    const description =
      `${type} at position ${position} of partition ${partition}, version ${version} of order ${orderId}, ` +
      'cannot be applied';
    super(cause instanceof Error ? `${description}: ${cause.message}` : description, { cause });
    this.description = description;
  }

  /** The error as the cause of an UnreadableEvent, unless it names an event already. */
  static from(event: EventInLog, error: unknown): UnreadableEvent {
    return error instanceof UnreadableEvent ? error : new UnreadableEvent(event, error);
  }
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
 * and every refund lowers what the order is worth. The version also rises if a type gets a wider
 * meaning in the same shape: code that knows only version 1 has to refuse it.
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
 * event, and a guess would corrupt everything derived from it. Throws MalformedEvent if the data is
 * not that of the type: an absent amount would make every sum NaN, without a word.
 */
export function upcast(type: string, schema: number, data: unknown, steps: Upcasters = upcasters): OrderEvent {
  if (!isEventType(type)) throw new UnknownEvent(`unknown event type "${type}": was it written by a newer version?`);
  const current = currentSchema(type, steps);
  if (!Number.isInteger(schema) || schema < 1 || schema > current) {
    throw new UnknownEvent(`${type} of schema version ${schema}: this version reads 1 to ${current}`);
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    throw new MalformedEvent('its data is no object');
  let upcasted = data as Record<string, unknown>;
  for (const step of (steps[type] ?? []).slice(schema - 1)) upcasted = step(upcasted);
  const event = { type, data: upcasted };
  assertFits(event);
  return event;
}

/** Throws MalformedEvent unless the data is that of the type. */
function assertFits(event: { readonly type: OrderEvent['type']; readonly data: object }): asserts event is OrderEvent {
  const misfit = misfits[event.type](event.data);
  if (misfit !== undefined) throw new MalformedEvent(`its data has no valid ${misfit}`);
}

const misfits = Object.fromEntries(
  Object.entries(eventDataSchemas).map(([type, schema]) => [type, misfitFinder(schema)]),
) as Readonly<Record<OrderEvent['type'], FindMisfit>>;

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
