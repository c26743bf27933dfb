import type { Pool } from '../database.js';
import { genesisHash } from '../hash-chain.js';
import { eventLogLimits as limits } from '../limits.js';
import { eventBytes, type StoredEvent, type StoredEventRow, storedEvent, storedEventColumns } from '../stored-event.js';

// $1 partition, $2 position to read after, $3 maximum number of events, $4 bytes of JSON that the
// events before the last one may have.
// Takes no lock. Ordered by position, like the primary key (partition, position) that serves the
// inner subquery. The window adds up the sizes row by row.
export const readPartitionSql = `
  select ${storedEventColumns}
  from (
    select e.*, sum(${eventBytes})
      over (order by e."position" rows between unbounded preceding and 1 preceding) as bytes_before
    from (
      select * from events e where e.partition = $1 and e."position" > $2 order by e."position" limit $3
    ) e
  ) e
  where e.bytes_before is null or e.bytes_before < $4
  order by e."position"`;

/**
 * Reads the events of a partition after a position, in order, up to `maxReadBytes`. Positions
 * become visible in order, so a reader that continues after the last event it has read misses none.
 */
export async function readPartition(
  pool: Pool,
  partition: number,
  afterPosition: number,
  maxEvents: number = limits.maxReadEvents,
): Promise<StoredEvent[]> {
  const { rows } = await pool.query<StoredEventRow>({
    name: 'read-partition',
    text: readPartitionSql,
    values: [partition, afterPosition, maxEvents, limits.maxReadBytes],
  });
  return rows.map(storedEvent);
}

/**
 * Reads the chain hashes of events by position; position 0 stands for the genesis hash. The result
 * lacks events that do not exist.
 */
export async function readHashes(
  pool: Pool,
  partition: number,
  positions: readonly number[],
): Promise<ReadonlyMap<number, Buffer>> {
  const { rows } = await pool.query<{ position: string; hash: Buffer }>({
    name: 'read-hashes',
    text: 'select e."position", e.hash from events e where e.partition = $1 and e."position" = any($2::bigint[])',
    values: [partition, positions],
  });
  return new Map([[0, genesisHash], ...rows.map(({ position, hash }): [number, Buffer] => [Number(position), hash])]);
}

/**
 * Reads the chain hash of an event; position 0 stands for the genesis hash. Throws if the event
 * does not exist.
 */
export async function readHash(pool: Pool, partition: number, position: number): Promise<Buffer> {
  if (position === 0) return genesisHash;
  const { rows } = await pool.query<{ hash: Buffer }>({
    name: 'read-hash',
    text: 'select e.hash from events e where e.partition = $1 and e."position" = $2',
    values: [partition, position],
  });
  const row = rows[0];
  if (!row) throw new Error(`partition ${partition} has no event at position ${position}`);
  return row.hash;
}
