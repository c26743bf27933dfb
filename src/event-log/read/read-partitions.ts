import type { LogSettings, Pool } from '../database.js';
import { eventLogLimits as limits } from '../limits.js';
import { eventBytes, type StoredEvent, type StoredEventRow, storedEvent, storedEventColumns } from '../stored-event.js';
import { readPartition } from './read-partition.js';

/**
 * Reads the events of a partition after a position, in order. Reads fewer than `maxEvents` if there
 * are no more, or if these reach a limit of bytes.
 */
export type ReadEvents = (partition: number, afterPosition: number, maxEvents: number) => Promise<StoredEvent[]>;

// $1 partitions, $2 the position to read after in each, $3 maximum number of events of each, $4
// bytes of JSON that the events of each may have before its last one. Takes no lock. Ordered by
// partition and position. The primary key (partition, position) serves the lateral subquery, once
// per partition.
export const readPartitionsSql = `
  select ${storedEventColumns}
  from unnest($1::smallint[], $2::bigint[]) as r(partition, after)
  cross join lateral (
    select e.*, sum(${eventBytes})
      over (order by e."position" rows between unbounded preceding and 1 preceding) as bytes_before
    from (
      select * from events e where e.partition = r.partition and e."position" > r.after order by e."position" limit $3
    ) e
  ) e
  where e.bytes_before is null or e.bytes_before < $4
  order by e.partition, e."position"`;

interface WaitingRead {
  readonly partition: number;
  readonly after: number;
  readonly maxEvents: number;
  readonly resolve: (events: StoredEvent[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Reads several partitions with one query: reads that are requested while a query is in flight
 * share the next one. Under load many partitions have a few new events each, and a query per
 * partition would cost more than the events. In an idle process a read is not delayed.
 *
 * If the tables are distributed over servers, each query reads one partition.
 */
export function createPartitionsReader(
  pool: Pool,
  { appendAcrossPartitions }: Pick<LogSettings, 'appendAcrossPartitions'> = { appendAcrossPartitions: true },
): ReadEvents {
  if (!appendAcrossPartitions) {
    return (partition, after, maxEvents) => readPartition(pool, partition, after, maxEvents);
  }
  let waiting: WaitingRead[] = [];
  let inFlight = false;

  async function drain(): Promise<void> {
    if (inFlight) return;
    inFlight = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        const events = await readAll(pool, batch);
        for (const { partition, resolve } of batch) resolve(events.get(partition) ?? []);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    inFlight = false;
  }

  return (partition, after, maxEvents) => {
    // One query reads each partition once, and all with one limit.
    const canShare = waiting.every((one) => one.partition !== partition && one.maxEvents === maxEvents);
    if (!canShare) return readPartition(pool, partition, after, maxEvents);
    return new Promise((resolve, reject) => {
      waiting.push({ partition, after, maxEvents, resolve, reject });
      void drain();
    });
  };
}

async function readAll(pool: Pool, batch: readonly WaitingRead[]): Promise<Map<number, StoredEvent[]>> {
  const [first] = batch;
  if (first && batch.length === 1) {
    return new Map([[first.partition, await readPartition(pool, first.partition, first.after, first.maxEvents)]]);
  }
  const { rows } = await pool.query<StoredEventRow>({
    name: 'read-partitions',
    text: readPartitionsSql,
    values: [
      batch.map(({ partition }) => partition),
      batch.map(({ after }) => after),
      first?.maxEvents ?? 0,
      Math.floor(limits.maxReadBytes / batch.length),
    ],
  });
  const events = new Map<number, StoredEvent[]>();
  for (const row of rows) {
    const ofPartition = events.get(row.partition) ?? [];
    events.set(row.partition, ofPartition);
    ofPartition.push(storedEvent(row));
  }
  return events;
}
