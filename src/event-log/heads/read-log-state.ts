import type { LogSettings, Pool } from '../database.js';
import { eventLogLimits as limits } from '../limits.js';
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
const logStateSql = (partition: string, condition: string) => `
  select h.partition, h.head as "position", h.hash, h.epoch,
         (select e.hash from events e where e.partition = ${partition} and e."position" = k."position") as known_hash,
         case when h.head > 0 then (extract(epoch from h.recorded_at - clock_timestamp()) * 1000)::float8 end
           as clock_behind_ms,
         (extract(epoch from clock_timestamp()) * 1000)::float8 as clock_ms
  from partition_heads h
  left join unnest($1::smallint[], $2::bigint[]) as k(partition, "position") on k.partition = h.partition
  ${condition}
  order by h.partition`;

const readLogStateSql = logStateSql('h.partition', '');
const readPartitionStateSql = logStateSql('$3::smallint', 'where h.partition = $3::smallint');

/**
 * Reads all heads, and looks up one known event per partition. Positions of 0 are not looked up.
 */
export async function readLogState(
  pool: Pool,
  known: Iterable<KnownEvent>,
  timeout: StatementTimeout = {},
): Promise<PartitionState[]> {
  const statement = { name: 'read-log-state', text: readLogStateSql, values: valuesOf(known), ...timeout };
  return (await pool.query<PartitionState>(statement)).rows;
}

/** Milliseconds after which pg gives up this statement; by default those of the pool. */
interface StatementTimeout {
  readonly query_timeout?: number;
}

/** A server of a distributed database that is down may let statements wait. */
const untilPartitionIsDown: StatementTimeout = { query_timeout: limits.partitionStateTimeoutMs };

/** The heads that could be read, and why the other partitions could not. */
export interface ReachableState {
  readonly states: readonly PartitionState[];
  readonly unreachable: ReadonlyMap<number, unknown>;
}

/**
 * Reads like `readLogState`. If the tables are distributed over servers and one of them is down,
 * reads each partition by itself, so that the partitions of the other servers are known all the
 * same. Rejects if no partition can be read.
 */
export async function readReachableState(
  pool: Pool,
  { partitions, appendAcrossPartitions }: Pick<LogSettings, 'partitions' | 'appendAcrossPartitions'>,
  known: Iterable<KnownEvent>,
): Promise<ReachableState> {
  const events = [...known];
  try {
    const timeout = appendAcrossPartitions ? {} : untilPartitionIsDown;
    return { states: await readLogState(pool, events, timeout), unreachable: new Map() };
  } catch (error) {
    if (appendAcrossPartitions) throw error;
    const states: PartitionState[] = [];
    const unreachable = new Map<number, unknown>();
    const waiting = Array.from({ length: partitions }, (_, partition) => partition);
    const readNext = async () => {
      for (let partition = waiting.shift(); partition !== undefined; partition = waiting.shift()) {
        try {
          states.push(...(await readPartitionState(pool, partition, events)));
        } catch (reason) {
          unreachable.set(partition, reason);
        }
      }
    };
    await Promise.all(Array.from({ length: limits.maxPartitionStatesInFlight }, readNext));
    if (states.length === 0) throw error;
    return { states, unreachable };
  }
}

async function readPartitionState(
  pool: Pool,
  partition: number,
  known: readonly KnownEvent[],
): Promise<PartitionState[]> {
  const statement = {
    name: 'read-partition-state',
    text: readPartitionStateSql,
    values: [...valuesOf(known.filter((event) => event.partition === partition)), partition],
    ...untilPartitionIsDown,
  };
  return (await pool.query<PartitionState>(statement)).rows;
}

function valuesOf(known: Iterable<KnownEvent>): [number[], number[]] {
  const events = [...known].filter(({ position }) => position > 0);
  return [events.map(({ partition }) => partition), events.map(({ position }) => position)];
}
