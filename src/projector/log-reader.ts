import type { Pool } from '../event-log/database.js';
import { readPage } from '../event-log/read/read-page.js';
import { createPartitionsReader, type ReadEvents } from '../event-log/read/read-partitions.js';
import { projectorLimits as limits } from './limits.js';
import type { KnownHeads } from './partition-steps.js';

/**
 * What projectors read the log with. News of several partitions come by one query; whoever is far behind reads whole pages, on connections of their
 * own, so that commands never wait for one.
 * @param pool the commands' connections. @param pagePool those for whole pages.
 */
export function createLogReader(pool: Pool, pagePool: Pool, { heads }: Pick<KnownHeads, 'heads'>): ReadEvents {
  const readNews = createPartitionsReader(pool);
  return (partition, after, maxEvents) =>
    (heads.get(partition) ?? 0) - after < limits.farBehindEvents
      ? readNews(partition, after, maxEvents)
      : readPage(pagePool, partition, after, maxEvents);
}
