import { hash } from 'node:crypto';
import { parse as parseUuid } from 'uuid';
import type { RecordedEvent } from '../orders/events.js';
import { uuidText } from '../orders/values/uuid.js';

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

/**
 * SHA-256, hex, of a command as it was asked for: tells a repeated command from another one under the same key.
 * Object keys are sorted, so that the order in which a client writes its fields makes no difference.
 */
export function commandHash(command: unknown): string {
  return hash('sha256', JSON.stringify(areKeysSorted(command) ? command : sortKeys(command)), 'hex');
}

/**
 * The hash as events carry it: its first 128 bits in base64url. Enough to tell commands under one key apart, and every event
 * keeps it for ever. The oldest events carry all of it, in hex.
 */
export function storedHash(hash: string): string {
  return Buffer.from(hash.slice(0, 32), 'hex').toString('base64url');
}

/** Whether an event's `command_hash` is that of a command. @param hash as commandHash gives it. */
export function isHashOf(stored: string | undefined, hash: string): boolean {
  return stored === storedHash(hash) || stored === hash;
}

/** Whether there is nothing to sort, as in most commands: looking is cheaper than making everything anew. */
function areKeysSorted(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return true;
  if (Array.isArray(value)) return value.every(areKeysSorted);
  const fields = value as Record<string, unknown>;
  let before = '';
  for (const name in fields) {
    if (name < before || !areKeysSorted(fields[name])) return false;
    before = name;
  }
  return true;
}

function sortKeys(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(sortKeys);
  const fields = value as Record<string, unknown>;
  return Object.fromEntries(
    Object.keys(fields)
      .sort()
      .map((name) => [name, sortKeys(fields[name])]),
  );
}

/** The event in the stream that this caller's command under this key led to, if it was handled before. */
export function handledBefore(
  stream: readonly RecordedEvent[],
  actor: string,
  idempotencyKey: string,
): RecordedEvent | undefined {
  return stream.findLast(({ metadata }) => metadata.idempotency_key === idempotencyKey && metadata.actor === actor);
}
