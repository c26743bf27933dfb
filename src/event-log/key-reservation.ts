import type { EventMetadata } from '../orders/events.js';
import type { StoredEvent } from './stored-event.js';

/**
 * The event that reserves an order id for an Idempotency-Key. A request to place an order may carry
 * both; clients often make a new order id for each attempt. The stream whose id is derived from the
 * caller and the key records which order id the key belongs to, before the order is placed: a retry
 * with another order id then finds the first one, and one key stays one order.
 *
 * Such a stream is no order. It has only these events: one, or a further one if the order id before
 * it was taken by another order.
 */
export const keyReservationType = 'PlaceKeyReserved';

/** A reservation, as it is read from its stream. */
export interface KeyReservation {
  readonly orderId: string;
  readonly metadata: EventMetadata;
}

export function isKeyReservation({ type }: Pick<StoredEvent, 'type'>): boolean {
  return type === keyReservationType;
}

/** Reads an event of a stream of reservations. */
export function keyReservation({ data, metadata }: StoredEvent): KeyReservation {
  // Only newKeyReservation writes these events.
  const { order_id: orderId } = JSON.parse(data) as { order_id: string };
  return { orderId, metadata: JSON.parse(metadata) as EventMetadata };
}

export function newKeyReservation({ orderId, metadata }: KeyReservation, occurredAt: string) {
  return {
    type: keyReservationType,
    data: JSON.stringify({ order_id: orderId }),
    metadata: JSON.stringify(metadata),
    occurredAt,
  };
}
