import type { LogEpochs } from '../../log-epochs.js';
import type { Pool } from '../database.js';
import { readHeads } from '../heads/read-heads.js';
import { readEpochs } from '../read-epochs.js';

/**
 * A point in the log's history: a time of recording (RFC 3339, UTC), or the position of an event.
 */
export type LogPoint = { readonly at: string } | { readonly partition: number; readonly position: number };

/**
 * Finds the position at which each partition's log ended at a point in time; 0 if it had no events.
 * An event's position stands for the time at which the event was recorded. Throws if the event does
 * not exist.
 *
 * `recorded_at` never decreases within a partition, so a binary search finds the position. The
 * primary key serves each of its queries. The exception is an epoch that reset the clock: the
 * search then begins in the newest epoch that had started at that time.
 */
export async function positionsAt(pool: Pool, point: LogPoint): Promise<ReadonlyMap<number, number>> {
  return searchPositions(pool, point, () => true);
}

/** Finds the position at which one partition's log ended at a time; 0 if it had no events. */
export async function positionAt(pool: Pool, partition: number, at: string): Promise<number> {
  return (await searchPositions(pool, { at }, (one) => one === partition)).get(partition) ?? 0;
}

async function searchPositions(
  pool: Pool,
  point: LogPoint,
  isWanted: (partition: number) => boolean,
): Promise<ReadonlyMap<number, number>> {
  const [heads, epochs] = await Promise.all([readHeads(pool), readEpochs(pool)]);
  const at = 'at' in point ? point.at : await recordedBy(pool, epochs, point.partition, point.position);
  if (at === undefined) throw new Error('the log has no event at that position');
  const ends = await Promise.all(
    heads
      .filter(({ partition }) => isWanted(partition))
      .map(async ({ partition, position }): Promise<[number, number]> => {
        if ('partition' in point && point.partition === partition) return [partition, point.position];
        const [from, to] = rangeAt(epochs, partition, at, position);
        // Events up to `before` were recorded by then, those from `beyond` on were not.
        let before = from;
        let beyond = to + 1;
        while (beyond - before > 1) {
          const middle = Math.floor((before + beyond) / 2);
          const time = await recordedAt(pool, partition, middle);
          if (time !== undefined && time <= at) before = middle;
          else beyond = middle;
        }
        return [partition, before];
      }),
  );
  return new Map(ends);
}

/**
 * The range of positions in which a partition's log ended at a time: it began with a reset of the
 * clock, and ends with the next one.
 */
function rangeAt(epochs: LogEpochs, partition: number, at: string, head: number): [from: number, to: number] {
  let to = head;
  for (const { clockReset, startedAt, startsAfter } of epochs.further.toReversed()) {
    if (!clockReset) continue;
    const start = startsAfter.get(partition) ?? 0;
    if (startedAt <= at) return [Math.min(start, to), to];
    to = Math.min(start, to);
  }
  return [0, to];
}

async function recordedBy(
  pool: Pool,
  epochs: LogEpochs,
  partition: number,
  position: number,
): Promise<string | undefined> {
  const time = await recordedAt(pool, partition, position);
  return time && epochs.recordedBy(partition, position, time);
}

async function recordedAt(pool: Pool, partition: number, position: number): Promise<string | undefined> {
  const { rows } = await pool.query<{ recorded_at: string }>({
    name: 'recorded-at',
    text: 'select e.recorded_at from events e where e.partition = $1 and e."position" = $2',
    values: [partition, position],
  });
  return rows[0]?.recorded_at;
}
