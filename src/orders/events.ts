/**
 * What can happen to an order. Money is in integer minor units of the order's currency.
 * `data` is what is stored and hashed; its field names are for ever (a change goes through an upcaster).
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
  /** The person was forgotten: what was personal in the order can't be read any more. No command leads to it. */
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
 * What the log knows of an event beside its content. Times are RFC 3339, UTC, milliseconds.
 * `occurredAt` is the business's time; `recordedAt` is the log's, never decreasing within a partition.
 */
export interface EventEnvelope {
  readonly orderId: string;
  /** Place in the order's stream: 1, 2, 3, … */
  readonly version: number;
  readonly occurredAt: string;
  readonly recordedAt: string;
}

/** Who caused an event, through which request. Stored and hashed with the event. */
export interface EventMetadata {
  /** Version of the event's data format; see upcast.ts. */
  schema: number;
  actor: string;
  request_id?: string | undefined;
  /** What the request belongs to; absent where it is the first of its kind, and correlates with itself. */
  correlation_id?: string | undefined;
  causation_id?: string | undefined;
  idempotency_key?: string | undefined;
  /** Whose key the event's personal data is sealed with; absent where nothing is sealed. */
  person?: string | undefined;
  /** Of the command's canonical form: tells a repeated command from another one under the same key; see commands/idempotency.ts.
   *  With a person, it is the HMAC-SHA256 of that under the person's key. */
  command_hash?: string | undefined;
}

export type RecordedEvent = OrderEvent & EventEnvelope & { readonly metadata: EventMetadata };
