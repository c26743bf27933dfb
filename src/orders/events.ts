/**
 * The events of an order. Money is in integer minor units of the order's currency. `data` is stored
 * and hashed, so stored field names never change; a new shape needs an upcaster (upcast.ts). Fields
 * that are optional here are absent from events of earlier versions.
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
  | { readonly type: 'OrderCredited'; readonly data: { amount_minor: number; reason: string } }
  | { readonly type: 'OrderReturned'; readonly data: OrderReturned }
  | { readonly type: 'OrderHeld'; readonly data: { reason: string } }
  | { readonly type: 'OrderReleased'; readonly data: { reason: string } }
  | { readonly type: 'OrderNoteAdded'; readonly data: { text: string } }
  /**
   * The order's person was forgotten: its personal data can no longer be read. No order command
   * produces this event; privacy/forget-person.ts appends it.
   */
  | { readonly type: 'OrderPersonErased'; readonly data: Record<string, never> };

export type OrderEventType = OrderEvent['type'];

export interface OrderedItem {
  item_id: string;
  quantity: number;
  /** Null if the line has no price, or if its price is in `unit_price_micro`. */
  unit_price_minor: number | null;
  /** Millionths of the major unit: the price of a line whose price is not whole in minor units. */
  unit_price_micro?: number;
  /** By default the line's number, from "1". */
  line_id?: string;
}

/** Units of one line. Schema version 1 has no `line_id`: there an item has only one line. */
export interface LineUnits {
  line_id?: string;
  item_id: string;
  quantity: number;
}

export const adjustmentTypes = ['shipping', 'tax', 'discount', 'fee', 'tip', 'other'] as const;
export type AdjustmentType = (typeof adjustmentTypes)[number];

/** Money of the order that belongs to no unit. A discount is negative. */
export interface AdjustmentData {
  type: AdjustmentType;
  amount_minor: number;
  description?: string;
}

export interface OrderPlaced {
  user_id: string;
  currency: string;
  total_minor: number;
  items: OrderedItem[];
  metadata: Record<string, string>;
  reference?: string;
  adjustments?: AdjustmentData[];
}

/**
 * Fields that are absent stay as they are. With `total_minor` the money was amended: `adjustments`
 * are then all adjustments (absent: none), `items` are all lines (absent: the lines stay), and
 * nothing counts as cancelled any more.
 */
export interface OrderAmended {
  total_minor?: number;
  items?: OrderedItem[];
  adjustments?: AdjustmentData[];
  reference?: string;
  metadata?: Record<string, string>;
  reason: string | null;
}

export interface OrderPaid {
  amount_minor: number;
  payment_reference: string | null;
  /** The money had arrived before it was recorded, whatever was due. */
  already_received?: true;
}

export interface OrderShipped {
  items: LineUnits[];
  carrier: string | null;
  tracking_number: string | null;
  /** Null in schema version 1. There the order's n-th OrderShipped is its shipment n. */
  shipment_id: string | null;
}

/** Corrects a shipment. A field that is null stays as it is. */
export interface OrderShipmentTracked {
  shipment_id: string;
  carrier: string | null;
  tracking_number: string | null;
}

export interface OrderDelivered {
  /** Null: everything in transit. */
  items: LineUnits[] | null;
  /** The shipment that the units belong to. Null: they are of the oldest shipments. */
  shipment_id: string | null;
}

export interface OrderCancelled {
  /** Null: all units that have not shipped. */
  items: LineUnits[] | null;
  /**
   * The amount that came off the total. Null in schema version 1, which cancelled whole orders: it
   * is all that the order was worth.
   */
  amount_minor: number | null;
  reason: string;
}

export interface OrderRefunded {
  amount_minor: number;
  /** The part of the refund that lowered what the order is worth. */
  credited_minor: number;
  reason: string;
}

/** Units that came back. `in_transit` of them had not been delivered (absent: none). */
export interface ReturnedUnits extends LineUnits {
  in_transit?: number;
}

export interface OrderReturned {
  items: ReturnedUnits[];
  /** The shipment that the units belong to. Null: they are of the oldest shipments. */
  shipment_id: string | null;
  /** The units are to be shipped once more and do not count as returned. */
  ship_again?: true;
  /**
   * Schema version 1. It does not say which units had been delivered, and a delivery could not be
   * recorded after it: the units that did not come back count as delivered.
   */
  rest_arrived?: true;
  reason: string;
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
