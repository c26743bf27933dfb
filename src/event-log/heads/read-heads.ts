import type { Pool } from '../database.js';

export interface Head {
  readonly partition: number;
  readonly position: number;
  readonly hash: Buffer;
}

/**
 * Reads each partition's head: the position and the hash of its last event. Ordered by partition.
 */
export async function readHeads(pool: Pool): Promise<Head[]> {
  // Takes no lock. The table has one row per partition, however long the log is.
  const { rows } = await pool.query<Head>({
    name: 'read-heads',
    text: 'select h.partition, h.head as "position", h.hash from partition_heads h order by h.partition',
  });
  return rows;
}

/** Reads the position of each partition's last event, in the order of the partitions. */
export async function readHeadPositions(pool: Pool): Promise<Map<number, number>> {
  return new Map((await readHeads(pool)).map(({ partition, position }) => [partition, position]));
}
