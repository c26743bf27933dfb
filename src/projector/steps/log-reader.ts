import type { LogSettings, Pool } from '../../event-log/database.js';
import { readChainedPage } from '../../event-log/read/read-page.js';
import { createPartitionsReader, type ReadEvents } from '../../event-log/read/read-partitions.js';
import { projectorLimits as limits } from '../limits.js';
import { unbroken } from './chain-check.js';

/**
 * Reads the log for projectors. New events of several partitions come by one query. A projector
 * that is far behind reads whole pages on connections of their own, so that no command waits for
 * one. All events of a result but the first are checked against the one before them in the hash
 * chain; a result ends before one that does not follow.
 *
 * @param pool the connections of the commands.
 * @param pagePool the connections for whole pages.
 * @param heads the head of each partition, as known in this process.
 */
export function createLogReader(
  pool: Pool,
  pagePool: Pool,
  heads: ReadonlyMap<number, number>,
  settings: Pick<LogSettings, 'appendAcrossPartitions'>,
): ReadEvents {
  const readNewEvents = createPartitionsReader(pool, settings);
  return (partition, after, maxEvents) =>
    (heads.get(partition) ?? 0) - after < limits.farBehindEvents
      ? readNewEvents(partition, after, maxEvents).then(unbroken)
      : readChainedPage(pagePool, partition, after, maxEvents);
}
