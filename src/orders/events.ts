import type {
  OrderAmended,
  OrderCancelled,
  OrderCredited,
  OrderDelivered,
  OrderHeld,
  OrderNoteAdded,
  OrderPaid,
  OrderPlaced,
  OrderRefunded,
  OrderReleased,
  OrderReturned,
  OrderShipmentTracked,
  OrderShipped,
} from './event-data.js';

/**
 * The events of an order. `data` is stored and hashed, so stored field names never change; a new
 * shape needs an upcaster (upcast.ts). event-data.ts describes the data of each type.
 */
export type OrderEvent =
  | { readonly type: 'OrderPlaced'; readonly data: OrderPlaced }
  | { readonly type: 'OrderAmended'; readonly data: OrderAmended }
  | { readonly type: 'OrderPaid'; readonly data: OrderPaid }
  | { readonly type: 'OrderProcessingStarted'; readonly data: Record<string, never> }
  | { readonly type: 'OrderShipped'; readonly data: OrderShipped }
  | { readonly type: 'OrderShipmentTracked'; readonly data: OrderShipmentTracked }
  | { readonly type: 'OrderDelivered'; readonly data: OrderDelivered }
  | { readonly type: 'OrderCancelled'; readonly data: OrderCancelled }
  | { readonly type: 'OrderRefunded'; readonly data: OrderRefunded }
  | { readonly type: 'OrderCredited'; readonly data: OrderCredited }
  | { readonly type: 'OrderReturned'; readonly data: OrderReturned }
  | { readonly type: 'OrderHeld'; readonly data: OrderHeld }
  | { readonly type: 'OrderReleased'; readonly data: OrderReleased }
  | { readonly type: 'OrderNoteAdded'; readonly data: OrderNoteAdded }
  /**
   * The order's person was forgotten: its personal data can no longer be read. No order command
   * produces this event; privacy/forget-person.ts appends it.
   */
  | { readonly type: 'OrderPersonErased'; readonly data: Record<string, never> };

export type OrderEventType = OrderEvent['type'];

/**
 * The fields of an event beside its type and data. Times are RFC 3339, UTC, with milliseconds.
 * `occurredAt` is the time of the business; `recordedAt` is the time of the log, which never
 * decreases within a partition.
 */
export interface EventEnvelope {
  readonly orderId: string;
  /** Position in the order's stream: 1, 2, 3, … */
  readonly version: number;
  readonly occurredAt: string;
  readonly recordedAt: string;
}

/** The actor and the request that caused an event. Stored and hashed with the event. */
export interface EventMetadata {
  /** Version of the event's data format; see upcast.ts. */
  schema: number;
  actor: string;
  request_id?: string | undefined;
  /** Names the chain of requests. Absent if the request began it and correlates with itself. */
  correlation_id?: string | undefined;
  causation_id?: string | undefined;
  idempotency_key?: string | undefined;
  /** Names the person whose key seals the event's personal data. Absent if nothing is sealed. */
  person?: string | undefined;
  /**
   * Hash of the command's canonical form. It distinguishes a repeated command from another command
   * with the same Idempotency-Key; see commands/idempotency.ts. In an event with `person` it is the
   * HMAC-SHA256 of that hash under the person's key.
   */
  command_hash?: string | undefined;
}

export type RecordedEvent = OrderEvent & EventEnvelope & { readonly metadata: EventMetadata };
