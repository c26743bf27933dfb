import type { Pool } from '../database.js';
import { isChainedTo } from '../hash-chain.js';
import { eventLogLimits as limits } from '../limits.js';
import type { StoredEvent } from '../stored-event.js';
import type { CopiedEvent, Span } from './copied-event.js';
import { copyEvents } from './copy-events.js';

/**
 * Reads events of a partition after a position like `readPartition`, but by COPY. For whole pages
 * this halves the cost per event; for a few events the prepared query is faster. Holds one of the
 * pool's connections while it reads. An empty page means that there are no more events; a short
 * page does not: its events may have reached `maxReadBytes` (see `copyEvents`).
 */
export function readPage(
  pool: Pool,
  partition: number,
  afterPosition: number,
  maxEvents: number,
): Promise<StoredEvent[]> {
  return readWhile(pool, partition, afterPosition, maxEvents, () => true);
}

/**
 * Reads like `readPage`, but ends before the first event that does not follow the one before it in
 * the hash chain: it was changed, or one is missing. The first event of the page is not checked.
 * The hashes are computed over the bytes of the COPY, which takes about 3 µs per event.
 */
export function readChainedPage(
  pool: Pool,
  partition: number,
  afterPosition: number,
  maxEvents: number,
): Promise<StoredEvent[]> {
  return readWhile(pool, partition, afterPosition, maxEvents, isNext);
}

/** Reads a page, up to the first event that does not belong after the one before it. */
async function readWhile(
  pool: Pool,
  partition: number,
  after: number,
  maxEvents: number,
  belongs: (last: StoredEvent, event: CopiedEvent) => boolean,
): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  let hasEnded = false;
  const { maxReadBytes: maxBytes } = limits;
  const range = { partition, after, upTo: Number.MAX_SAFE_INTEGER, maxEvents, maxBytes };
  await copyEvents(pool, range, (event) => {
    const last = events.at(-1);
    hasEnded ||= last !== undefined && !belongs(last, event);
    if (!hasEnded) events.push(stored(event));
  });
  return events;
}

function isNext({ position, hash }: StoredEvent, event: CopiedEvent): boolean {
  return event.position === position + 1 && isChainedTo(hash, event);
}

function stored(event: CopiedEvent): StoredEvent {
  const { bytes, data, metadata, hash } = event;
  return {
    partition: event.partition,
    position: event.position,
    orderId: event.orderId,
    version: event.version,
    type: event.type,
    data: bytes.toString('utf8', data.start, data.end),
    metadata: bytes.toString('utf8', metadata.start, metadata.end),
    occurredAt: event.occurredAt,
    recordedAt: event.recordedAt,
    hash: copyOf(bytes, hash),
  };
}

/** Copies the bytes, since the buffer will hold the next event. */
function copyOf(bytes: Buffer, { start, end }: Span): Buffer {
  const copy = Buffer.allocUnsafe(end - start);
  bytes.copy(copy, 0, start, end);
  return copy;
}
