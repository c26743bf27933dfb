import { hash } from 'node:crypto';
import type { CopiedEvent } from './read/copied-event.js';
import type { StoredEvent } from './stored-event.js';

/** The length of SHA-256. */
export const hashBytes = 32;

/** SHA-256 in one call: a hash object and its parts cost several times what the hashing does, and a digest as a buffer twice that as text. */
export function sha256(bytes: Buffer): Buffer {
  return Buffer.from(hash('sha256', bytes, 'binary'), 'latin1');
}

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
  const form = canonicalForm(event);
  const input = Buffer.allocUnsafe(previous.length + Buffer.byteLength(form));
  previous.copy(input);
  input.write(form, previous.length);
  return sha256(input);
}

/** What is hashed is put together here. No two events are at once: nothing is awaited between filling it and its hash. */
let scratch = Buffer.allocUnsafe(64 * 1024);

/** The same of an event whose texts are still bytes. */
export function copiedChainHash(previous: Buffer, event: CopiedEvent): Buffer {
  const { partition, position, orderId, version, type, occurredAt, recordedAt, bytes, data, metadata } = event;
  const dataBytes = data.end - data.start;
  const head = `${partition}\n${position}\n${orderId}\n${version}\n${type}\n${occurredAt}\n${recordedAt}\n${dataBytes}\n`;
  const needed = previous.length + Buffer.byteLength(head) + dataBytes + 1 + metadata.end - metadata.start;
  if (needed > scratch.length) scratch = Buffer.allocUnsafe(2 * needed);
  let at = previous.copy(scratch);
  at += scratch.write(head, at);
  at += bytes.copy(scratch, at, data.start, data.end);
  at += scratch.write('\n', at);
  at += bytes.copy(scratch, at, metadata.start, metadata.end);
  return sha256(scratch.subarray(0, at));
}
