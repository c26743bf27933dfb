import type { Pool } from './database.js';
import { eventLogLimits as limits } from './limits.js';
import { ReadAhead } from './read-ahead.js';
import { readPartition } from './read-partition.js';
import type { StoredEvent } from './stored-event.js';

/** All events of a partition after a position, a page at a time: memory stays flat in the length of the log. */
export async function* scanPartition(pool: Pool, partition: number, afterPosition = 0): AsyncGenerator<StoredEvent> {
  const pageEvents = limits.maxReadEvents;
  const pages = new ReadAhead((...page) => readPartition(pool, ...page), partition, pageEvents);
  let after = afterPosition;
  for (;;) {
    const page = await pages.after(after);
    yield* page;
    const last = page.at(-1);
    // A page that is not full was all there was.
    if (!last || page.length < pageEvents) return;
    after = last.position;
  }
}
