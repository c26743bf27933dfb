import { orderPartition } from '../../orders/values/partition.js';
import { coalesce } from '../coalesce.js';
import { databaseUnavailable } from '../connection/database-unavailable.js';
import type { Pool } from '../database.js';
import { eventLogLimits as limits } from '../limits.js';
import { Overloaded } from '../overloaded.js';
import { type StoredEvent, type StoredEventRow, storedEvent, storedEventColumns } from '../stored-event.js';

// $1 partitions, $2 order ids, pairwise.
// Takes no lock. Ordered by version within each order. The unique index (partition, order_id,
// version) serves the lateral subquery, once per order. Its `order by` keeps the planner from
// turning the subquery into a join that reads the whole table.
export const readStreamsSql = `
  select ${storedEventColumns}
  from unnest($1::smallint[], $2::uuid[]) as wanted(partition, order_id)
  cross join lateral (
    select * from events s
    where s.partition = wanted.partition and s.order_id = wanted.order_id
    order by s.version
  ) e`;

/**
 * Reads an order's stream: its events by version, none if the order does not exist. Rejects with
 * Overloaded.
 */
export type ReadStream = (orderId: string) => Promise<StoredEvent[]>;

interface WaitingRead {
  readonly orderId: string;
  readonly resolve: (events: StoredEvent[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Reads several streams with one query. Reads that are requested while the queries are in flight,
 * or in consecutive turns of the event loop, share the next one (see `coalesce`). Under load many
 * reads share a round trip; in an idle process a read is sent one turn later.
 */
export function createStreamReader(pool: Pool, partitions: number, maxQueriesInFlight = 2): ReadStream {
  let waiting: WaitingRead[] = [];
  let inFlight = 0;
  const readSoon = coalesce(sendQueries, () => waiting.length >= limits.coalesceTarget, limits.maxCoalesceMs);

  function sendQueries(): void {
    while (inFlight < maxQueriesInFlight && waiting.length > 0) {
      const reads = waiting.slice(0, limits.maxStreamsPerLoad);
      waiting = waiting.slice(limits.maxStreamsPerLoad);
      inFlight += 1;
      load(reads)
        .catch((error: unknown) => {
          const failed = databaseUnavailable(error)?.ofRead() ?? error;
          for (const read of reads) read.reject(failed);
        })
        .finally(() => {
          inFlight -= 1;
          readSoon();
        });
    }
  }

  async function load(reads: readonly WaitingRead[]): Promise<void> {
    const orderIds = [...new Set(reads.map((read) => read.orderId))];
    const { rows } = await pool.query<StoredEventRow>({
      name: 'read-streams',
      text: readStreamsSql,
      values: [orderIds.map((orderId) => orderPartition(orderId, partitions)), orderIds],
    });
    const streams = new Map<string, StoredEvent[]>(orderIds.map((orderId) => [orderId, []]));
    for (const row of rows) streams.get(row.order_id)?.push(storedEvent(row));
    for (const read of reads) read.resolve(streams.get(read.orderId) ?? []);
  }

  return (orderId) =>
    new Promise((resolve, reject) => {
      if (waiting.length >= limits.maxQueuedLoads) {
        reject(new Overloaded('queued reads of streams', limits.maxQueuedLoads));
        return;
      }
      waiting.push({ orderId, resolve, reject });
      readSoon();
    });
}
