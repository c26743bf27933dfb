import { createHash } from 'node:crypto';
import { v5 as uuidV5 } from 'uuid';
import type { RecordedEvent } from '../orders/events.js';

/** The namespace of order ids that are derived from a caller's Idempotency-Key. Chosen once, at random; never changed. */
const orderIdNamespace = '5b1f6a3e-8c0d-4f57-9a43-2d7c1e90b6a8';

/** The id of the order that this caller places under this key: the same whenever and wherever it is asked for. */
export function derivedOrderId(actor: string, idempotencyKey: string): string {
  // The length keeps ("a", "b:c") and ("a:b", "c") apart.
  return uuidV5(`${actor.length}:${actor}:${idempotencyKey}`, orderIdNamespace);
}

/**
 * SHA-256, hex, of a command as it was asked for: tells a repeated command from another one under the same key.
 * Object keys are sorted, so that the order in which a client writes its fields makes no difference.
 */
export function commandHash(command: unknown): string {
  return createHash('sha256').update(JSON.stringify(command, sortedKeys)).digest('hex');
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The event in the stream that this caller's command under this key led to, if it was handled before. */
export function handledBefore(
  stream: readonly RecordedEvent[],
  actor: string,
  idempotencyKey: string,
): RecordedEvent | undefined {
  return stream.findLast(({ metadata }) => metadata.idempotency_key === idempotencyKey && metadata.actor === actor);
}
