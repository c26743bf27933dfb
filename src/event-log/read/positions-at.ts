import type { Pool } from '../database.js';
import { readHeads } from '../heads/read-heads.js';

/** A point in the log's history: a time of recording (RFC 3339 UTC), or an event by its place. */
export type LogPoint = { readonly at: string } | { readonly partition: number; readonly position: number };

/**
 * Where each partition's log ended at a point in time, by partition: 0 where it had not begun. An event's place stands for
 * the moment at which it was recorded. Times never decrease within a partition, so the place is found by halving, each look
 * served by the primary key.
 * Throws where there is no such event.
 */
export async function positionsAt(pool: Pool, point: LogPoint): Promise<ReadonlyMap<number, number>> {
  const heads = await readHeads(pool);
  const at = 'at' in point ? point.at : await recordedAt(pool, point.partition, point.position);
  if (at === undefined) throw new Error('the log has no event at that place');
  const ends = await Promise.all(
    heads.map(async ({ partition, position }): Promise<[number, number]> => {
      if ('partition' in point && point.partition === partition) return [partition, point.position];
      let known = 0;
      let beyond = position + 1;
      while (beyond - known > 1) {
        const middle = Math.floor((known + beyond) / 2);
        const time = await recordedAt(pool, partition, middle);
        if (time !== undefined && time <= at) known = middle;
        else beyond = middle;
      }
      return [partition, known];
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
