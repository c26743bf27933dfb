import { orderPartition } from '../../orders/values/partition.js';
import type { LogSettings, Pool } from '../database.js';
import { genesisHash } from '../hash-chain.js';
import type { StoredEvent } from '../stored-event.js';
import { createStreamReader, streamPages } from './read-stream.js';

/** An event, and the hash of the event before it in its partition. */
export interface ChainedEvent {
  readonly event: StoredEvent;
  readonly previousHash: Buffer;
}

// $1 partition, $2 positions. Takes no lock. Returns one row per position, in any order, with the
// hash of the last event before it; null if there is none. The primary key (partition, position)
// serves the lateral subquery, once per position.
export const hashesBeforeSql = `
  select wanted."position", b.hash from unnest($2::bigint[]) as wanted("position")
  left join lateral (
    select e.hash from events e where e.partition = $1 and e."position" < wanted."position"
    order by e."position" desc limit 1
  ) b on true`;

/**
 * Yields the events of one order, by version. It reads them through the index of the stream, so
 * that its time does not depend on the length of the log. Holds one page in memory.
 */
export async function* scanOrder(
  pool: Pool,
  settings: Pick<LogSettings, 'partitions' | 'appendAcrossPartitions'>,
  orderId: string,
): AsyncGenerator<ChainedEvent> {
  const partition = orderPartition(orderId, settings.partitions);
  for await (const { events } of streamPages(createStreamReader(pool, settings), orderId)) {
    const { rows } = await pool.query<{ position: number | string; hash: Buffer | null }>({
      name: 'hashes-before',
      text: hashesBeforeSql,
      values: [partition, events.map(({ position }) => position)],
    });
    const hashes = new Map(rows.map(({ position, hash }) => [Number(position), hash]));
    for (const event of events) yield { event, previousHash: hashes.get(event.position) ?? genesisHash };
  }
}
