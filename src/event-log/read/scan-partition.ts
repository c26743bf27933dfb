import type { Pool } from '../database.js';
import { eventLogLimits as limits } from '../limits.js';
import type { StoredEvent } from '../stored-event.js';
import { readPage } from './read-page.js';

/**
 * Yields all events of a partition after a position. It holds two pages in memory, however long the
 * log is: one page is read while the other is processed.
 */
export async function* scanPartition(pool: Pool, partition: number, afterPosition = 0): AsyncGenerator<StoredEvent> {
  let maxEvents: number = limits.maxReadEvents;
  const read = (after: number) => readPage(pool, partition, after, maxEvents);
  let next = read(afterPosition);
  for (;;) {
    const page = await next;
    const last = page.at(-1);
    if (!last) return;
    // PostgreSQL looks at the sizes of all events that are asked for. After a page that ended at
    // the limit of bytes, the next one asks for fewer.
    maxEvents = Math.min(limits.maxReadEvents, 2 * page.length);
    next = read(last.position);
    // An error is thrown when the page is awaited. If the caller has stopped, it is ignored.
    next.catch(() => undefined);
    yield* page;
  }
}
