import type { Pool } from '../database.js';
import type { Head } from './read-heads.js';

/** An event that a process knows: it was in the log at this position. */
export interface KnownEvent {
  readonly partition: number;
  readonly position: number;
  readonly hash: Buffer;
}

/** The head of a partition, and what the log now has at the position of a known event. */
export interface PartitionState extends Head {
  readonly epoch: string;
  /** The hash of the event at the known position; null if the log has no such event. */
  readonly known_hash: Buffer | null;
  /**
   * Milliseconds by which the clock of the database is behind the last event; negative if it is
   * ahead.
   */
  readonly clock_behind_ms: number | null;
  /** The clock of the database, in milliseconds since 1970. */
  readonly clock_ms: number;
}

// $1 partitions, $2 positions of known events, pairwise.
// Takes no lock. Ordered by partition. The primary key (partition, position) serves the subquery,
// once per partition.
const readLogStateSql = `
  select h.partition, h.head as "position", h.hash, h.epoch,
         (select e.hash from events e where e.partition = h.partition and e."position" = k."position") as known_hash,
         case when h.head > 0 then (extract(epoch from h.recorded_at - clock_timestamp()) * 1000)::float8 end
           as clock_behind_ms,
         (extract(epoch from clock_timestamp()) * 1000)::float8 as clock_ms
  from partition_heads h
  left join unnest($1::smallint[], $2::bigint[]) as k(partition, "position") on k.partition = h.partition
  order by h.partition`;

/**
 * Reads all heads, and looks up one known event per partition. Positions of 0 are not looked up.
 */
export async function readLogState(pool: Pool, known: Iterable<KnownEvent>): Promise<PartitionState[]> {
  const events = [...known].filter(({ position }) => position > 0);
  const { rows } = await pool.query<PartitionState>({
    name: 'read-log-state',
    text: readLogStateSql,
    values: [events.map(({ partition }) => partition), events.map(({ position }) => position)],
  });
  return rows;
}
