import type { Pool } from '../event-log/database.js';

/**
 * Notes that somebody took a signed checkpoint, so that a forgotten one shows. The note proves
 * nothing: the checkpoint itself has to be kept elsewhere.
 */
export async function noteTaken(pool: Pool): Promise<void> {
  await pool.query(`insert into checkpoints_taken (taken_at) values (now())
                    on conflict (only_row) do update set taken_at = excluded.taken_at`);
}

/** When the last checkpoint was taken, in ms since 1970; undefined if none ever was. */
export async function lastTakenAt(pool: Pool): Promise<number | undefined> {
  const { rows } = await pool.query<{ taken_at: string }>('select taken_at from checkpoints_taken');
  return rows[0] && Date.parse(rows[0].taken_at);
}
