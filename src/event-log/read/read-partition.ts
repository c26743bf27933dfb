import type { Pool } from '../database.js';
import { genesisHash } from '../hash-chain.js';
import { eventLogLimits as limits } from '../limits.js';
import { type StoredEvent, type StoredEventRow, storedEvent, storedEventColumns } from '../stored-event.js';

// $1 partition, $2 position to read after, $3 maximum number of events.
// Takes no lock. Ordered by position, like the primary key (partition, position) that serves it.
export const readPartitionSql = `
  select ${storedEventColumns}
  from events e
  where e.partition = $1 and e."position" > $2
  order by e."position"
  limit $3`;

/**
 * Reads the events of a partition after a position, in order. Positions become visible in order, so
 * a reader that continues after the last event it has read misses none.
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
    values: [partition, afterPosition, maxEvents],
  });
  return rows.map(storedEvent);
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
