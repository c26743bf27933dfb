import { orderPartition } from '../../orders/values/partition.js';
import type { Pool } from '../database.js';
import { eventLogLimits as limits } from '../limits.js';
import { eventBytes, type StoredEvent, type StoredEventRow, storedEvent, storedEventColumns } from '../stored-event.js';

// $1 partition, $2 order id, $3 version to read after, $4 maximum number of events, $5 bytes of
// JSON that the events before the last one may have. Takes no lock. Ordered by version. The unique
// index (partition, order_id, version) serves the inner subquery.
export const readStreamPageSql = `
  select ${storedEventColumns}
  from (
    select e.*, sum(${eventBytes})
      over (order by e.version rows between unbounded preceding and 1 preceding) as bytes_before
    from (
      select * from events e where e.partition = $1 and e.order_id = $2 and e.version > $3 order by e.version limit $4
    ) e
  ) e
  where e.bytes_before is null or e.bytes_before < $5
  order by e.version`;

/**
 * Reads an order's stream page by page, by version. A page is bounded by `maxStreamPageEvents` and
 * `maxStreamPageBytes`, so that a stream of any size takes little memory.
 */
export async function* readStreamPages(
  pool: Pool,
  partitions: number,
  orderId: string,
): AsyncGenerator<readonly StoredEvent[], undefined> {
  let version = 0;
  for (;;) {
    const { rows } = await pool.query<StoredEventRow>({
      name: 'read-stream-page',
      text: readStreamPageSql,
      values: [
        orderPartition(orderId, partitions),
        orderId,
        version,
        limits.maxStreamPageEvents,
        limits.maxStreamPageBytes,
      ],
    });
    const last = rows.at(-1);
    if (!last) return undefined;
    version = last.version;
    yield rows.map(storedEvent);
  }
}
