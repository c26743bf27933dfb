import type { Pool } from '../database.js';
import { eventLogLimits as limits } from '../limits.js';
import type { StoredEvent } from '../stored-event.js';
import { readPage } from './read-page.js';

/** All events of a partition after a position. Memory stays flat in the length of the log: one page is read while another is worked on. */
export async function* scanPartition(pool: Pool, partition: number, afterPosition = 0): AsyncGenerator<StoredEvent> {
  const read = (after: number) => readPage(pool, partition, after, limits.maxReadEvents);
  let next = read(afterPosition);
  for (;;) {
    const page = await next;
    const last = page.at(-1);
    if (!last) return;
    next = read(last.position);
    // Fails where it is waited for, or not at all if nobody wants it any more.
    next.catch(() => undefined);
    yield* page;
  }
}
