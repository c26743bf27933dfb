import type { Pool } from '../database.js';

export interface Head {
  readonly partition: number;
  readonly position: number;
  readonly hash: Buffer;
}

/** Where each partition's log ends, by partition. One small query whatever the length of the log. */
export async function readHeads(pool: Pool): Promise<Head[]> {
  const { rows } = await pool.query<Head>({
    name: 'read-heads',
    text: 'select l.partition, l.head as "position", l.hash from logs l order by l.partition',
  });
  return rows;
}
