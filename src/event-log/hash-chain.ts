import { hash } from 'node:crypto';
import type { CopiedEvent } from './read/copied-event.js';
import type { StoredEvent } from './stored-event.js';

/** Bytes of a SHA-256 hash. */
export const hashBytes = 32;

/**
 * Computes SHA-256 with crypto.hash. A Hash object costs several times what the hashing itself
 * does. A digest as a buffer costs twice as much as one as text.
 */
export function sha256(bytes: Buffer): Buffer {
  return Buffer.from(hash('sha256', bytes, 'binary'), 'latin1');
}

/** The hash that a partition's first event is chained to: 32 zero bytes. */
export const genesisHash: Buffer = Buffer.alloc(hashBytes);

/**
 * Returns the canonical form of an event: the text that its hash covers, together with the
 * preceding event's hash. It has ten lines joined by \n. The byte length before `data` makes the
 * border between data and metadata unambiguous. `event_canonical_form` in sql/ computes the same;
 * docs/audit.md has a worked example.
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

/**
 * Computes SHA-256 over the previous event's hash (32 bytes) and this event's canonical form
 * (UTF-8).
 */
export function chainHash(previous: Buffer, event: Omit<StoredEvent, 'hash'>): Buffer {
  const form = canonicalForm(event);
  const input = Buffer.allocUnsafe(previous.length + Buffer.byteLength(form));
  previous.copy(input);
  input.write(form, previous.length);
  return sha256(input);
}

/**
 * The input of `copiedChainHash`. One buffer is enough, since nothing is awaited between filling
 * and hashing it.
 */
let scratch = Buffer.allocUnsafe(64 * 1024);
/** Bytes that a UTF-16 code unit takes at most in UTF-8. */
const maxBytesPerUnit = 3;
const lineFeed = 0x0a;

/** Computes the same hash as `chainHash`, for an event whose texts are still bytes. */
export function copiedChainHash(previous: Buffer, event: CopiedEvent): Buffer {
  return Buffer.from(copiedChainText(previous, event), 'latin1');
}

/**
 * Whether an event that is still bytes follows the event with this hash. Compares the hashes as
 * texts, which takes less than to make a buffer of one.
 */
export function isChainedTo(previous: Buffer, event: CopiedEvent): boolean {
  const { bytes, hash } = event;
  return copiedChainText(previous, event) === bytes.toString('latin1', hash.start, hash.end);
}

/** The hash as text with a character per byte. */
function copiedChainText(previous: Buffer, event: CopiedEvent): string {
  const { partition, position, orderId, version, type, occurredAt, recordedAt, bytes, data, metadata } = event;
  const dataBytes = data.end - data.start;
  const head = `${partition}\n${position}\n${orderId}\n${version}\n${type}\n${occurredAt}\n${recordedAt}\n${dataBytes}\n`;
  const needed = previous.length + maxBytesPerUnit * head.length + dataBytes + 1 + metadata.end - metadata.start;
  if (needed > scratch.length) scratch = Buffer.allocUnsafe(2 * needed);
  let end = previous.copy(scratch);
  end += scratch.write(head, end);
  end += bytes.copy(scratch, end, data.start, data.end);
  scratch[end++] = lineFeed;
  end += bytes.copy(scratch, end, metadata.start, metadata.end);
  return hash('sha256', scratch.subarray(0, end), 'binary');
}
