import { hash } from 'node:crypto';
import { parse as parseUuid, v7 as uuidV7 } from 'uuid';
import { uuidText } from '../orders/values/uuid.js';
import { randomBytes } from '../random-bytes.js';

const idBytes = 16;

/** A new id for an order: a UUID of version 7, so ids sort by the millisecond in which they were made. */
export function newOrderId(): string {
  return uuidV7({ rng: () => randomBytes(idBytes) });
}

/** The namespace of order ids that are derived from a caller's Idempotency-Key. Chosen once, at random; never changed. */
const orderIdNamespace = parseUuid('5b1f6a3e-8c0d-4f57-9a43-2d7c1e90b6a8');

/** Filled anew by each call. */
const derived = Buffer.alloc(20);

/**
 * The id of the order that this caller places under this key: the same whenever and wherever it is asked for. A UUID of version 5 (RFC 9562,
 * section 5.5), hashed by one call: with the hash object of uuid's own `v5` it takes three times as long.
 */
export function derivedOrderId(actor: string, idempotencyKey: string): string {
  // The length keeps ("a", "b:c") and ("a:b", "c") apart.
  const name = Buffer.from(`${actor.length}:${actor}:${idempotencyKey}`);
  derived.write(hash('sha1', Buffer.concat([orderIdNamespace, name]), 'binary'), 'latin1');
  derived[6] = 0x50 | ((derived[6] ?? 0) & 0x0f);
  derived[8] = 0x80 | ((derived[8] ?? 0) & 0x3f);
  return uuidText(derived, 0);
}
