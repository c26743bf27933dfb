import type { Pool } from '../database.js';
import { readHeads } from '../heads/read-heads.js';

/**
 * A point in the log's history: a time of recording (RFC 3339, UTC), or the position of an event.
 */
export type LogPoint = { readonly at: string } | { readonly partition: number; readonly position: number };

/**
 * Finds the position at which each partition's log ended at a point in time; 0 if it had no events.
 * An event's position stands for the time at which the event was recorded. `recorded_at` never
 * decreases within a partition, so a binary search finds the position. The primary key serves each
 * of its queries. Throws if the event does not exist.
 */
export async function positionsAt(pool: Pool, point: LogPoint): Promise<ReadonlyMap<number, number>> {
  const heads = await readHeads(pool);
  const at = 'at' in point ? point.at : await recordedAt(pool, point.partition, point.position);
  if (at === undefined) throw new Error('the log has no event at that position');
  const ends = await Promise.all(
    heads.map(async ({ partition, position }): Promise<[number, number]> => {
      if ('partition' in point && point.partition === partition) return [partition, point.position];
      // Events up to `before` were recorded by then, those from `beyond` on were not.
      let before = 0;
      let beyond = position + 1;
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

async function recordedAt(pool: Pool, partition: number, position: number): Promise<string | undefined> {
  const { rows } = await pool.query<{ recorded_at: string }>({
    name: 'recorded-at',
    text: 'select e.recorded_at from events e where e.partition = $1 and e."position" = $2',
    values: [partition, position],
  });
  return rows[0]?.recorded_at;
}
