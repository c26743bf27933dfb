/**
 * The events of an order. Money is in integer minor units of the order's currency. `data` is stored
 * and hashed, so stored field names never change; a new shape needs an upcaster (upcast.ts).
 */
export type OrderEvent =
  | { readonly type: 'OrderPlaced'; readonly data: OrderPlaced }
  | { readonly type: 'OrderAmended'; readonly data: OrderAmended }
  | { readonly type: 'OrderPaid'; readonly data: { amount_minor: number; payment_reference: string | null } }
  | { readonly type: 'OrderProcessingStarted'; readonly data: Record<string, never> }
  | { readonly type: 'OrderShipped'; readonly data: OrderShipped }
  | { readonly type: 'OrderDelivered'; readonly data: Record<string, never> }
  | { readonly type: 'OrderCancelled'; readonly data: { reason: string } }
  | { readonly type: 'OrderRefunded'; readonly data: { amount_minor: number; reason: string } }
  | { readonly type: 'OrderReturned'; readonly data: { items: ItemQuantity[]; reason: string } }
  | { readonly type: 'OrderHeld'; readonly data: { reason: string } }
  | { readonly type: 'OrderReleased'; readonly data: { reason: string } }
  | { readonly type: 'OrderNoteAdded'; readonly data: { text: string } }
  /**
   * The order's person was forgotten: its personal data can no longer be read. No order command
   * produces this event; privacy/forget-person.ts appends it.
   */
  | { readonly type: 'OrderPersonErased'; readonly data: Record<string, never> };

export type OrderEventType = OrderEvent['type'];

export interface ItemQuantity {
  item_id: string;
  quantity: number;
}

export interface OrderedItem extends ItemQuantity {
  unit_price_minor: number | null;
}

export interface OrderPlaced {
  user_id: string;
  currency: string;
  total_minor: number;
  items: OrderedItem[];
  metadata: Record<string, string>;
}

export interface OrderAmended {
  total_minor: number;
  items: OrderedItem[];
  reason: string;
}

export interface OrderShipped {
  items: ItemQuantity[];
  carrier: string | null;
  tracking_number: string | null;
}

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
