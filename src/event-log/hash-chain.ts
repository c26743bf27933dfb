import { createHash } from 'node:crypto';
import type { StoredEvent } from './stored-event.js';

/** What the first event of a partition is chained to: 32 zero bytes. */
export const genesisHash: Buffer = Buffer.alloc(32);

/**
 * The canonical form of an event: what its hash covers beside the hash of the event before it. Ten lines joined by \n;
 * the byte length in front of `data` keeps the border between data and metadata unambiguous.
 * `event_canonical_form` in sql/ computes the same; docs/architecture.md spells it out with a worked example.
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
  return createHash('sha256').update(previous).update(canonicalForm(event)).digest();
}

/** Where a chain breaks, and how. */
export interface ChainBreak {
  readonly partition: number;
  readonly position: number;
  readonly reason: 'missing' | 'altered' | 'beyond-head';
}

/**
 * Checks a partition's events, given in position order from 1, against its head. Returns the first break, or undefined.
 * @param head the partition's row in logs: the position and the hash where the chain has to end.
 */
export async function checkChain(
  partition: number,
  events: AsyncIterable<StoredEvent> | Iterable<StoredEvent>,
  head: { readonly position: number; readonly hash: Buffer },
): Promise<ChainBreak | undefined> {
  let previous = genesisHash;
  let position = 0;
  for await (const event of events) {
    position += 1;
    if (event.position !== position) return { partition, position, reason: 'missing' };
    if (position > head.position) return { partition, position, reason: 'beyond-head' };
    if (event.partition !== partition || !chainHash(previous, event).equals(event.hash)) {
      return { partition, position, reason: 'altered' };
    }
    previous = event.hash;
  }
  if (position < head.position) return { partition, position: position + 1, reason: 'missing' };
  return previous.equals(head.hash) ? undefined : { partition, position, reason: 'altered' };
}
