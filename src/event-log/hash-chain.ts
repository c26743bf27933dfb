import { hash } from 'node:crypto';
import type { StoredEvent } from './stored-event.js';

/** The length of SHA-256. */
export const hashBytes = 32;

/** What the first event of a partition is chained to: zero bytes. */
export const genesisHash: Buffer = Buffer.alloc(hashBytes);

/**
 * The canonical form of an event: what its hash covers beside the hash of the event before it. Ten lines joined by \n;
 * the byte length in front of `data` keeps the border between data and metadata unambiguous.
 * `event_canonical_form` in sql/ computes the same; docs/audit.md spells it out with a worked example.
 */
export function canonicalForm(event: Omit<StoredEvent, 'hash'>): string {
  return [
    event.partition,
    event.position,
    event.orderId,
    event.version,
    event.type,
    event.occurredAt,
    event.recordedAt,
    Buffer.byteLength(event.data),
    event.data,
    event.metadata,
  ].join('\n');
}

/** SHA-256 over the previous event's hash (32 bytes) followed by this event's canonical form (UTF-8). */
export function chainHash(previous: Buffer, event: Omit<StoredEvent, 'hash'>): Buffer {
  // One call on one buffer: hash objects and their parts cost several times what the hashing does.
  const form = canonicalForm(event);
  const input = Buffer.allocUnsafe(previous.length + Buffer.byteLength(form));
  previous.copy(input);
  input.write(form, previous.length);
  return hash('sha256', input, 'buffer');
}
