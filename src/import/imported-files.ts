import type { Pool } from '../event-log/database.js';
import type { FileFingerprint } from './identity.js';

/**
 * Remembers the content of each file that is imported without a key, and refuses a file that has
 * changed: the number of a line would then name another order. Throws Error with a message for the
 * user.
 * @param sameLines the user says that each line has kept its number.
 * @param everyLineHasKey whether no line is identified by its number after all. It is asked only if
 * the file has changed.
 */
export async function checkImportedFile(
  pool: Pool,
  source: string,
  { bytes, sha256 }: FileFingerprint,
  sameLines: boolean,
  everyLineHasKey: () => Promise<boolean>,
): Promise<void> {
  const { rowCount } = await pool.query(
    `insert into imported_files (source, bytes, sha256) values ($1, $2, $3)
     on conflict (source) do update set bytes = $2, sha256 = $3 where $4`,
    [source, bytes, sha256, sameLines],
  );
  if (rowCount !== 0) return;
  const { rows: known } = await pool.query<{ sha256: string; day: string }>(
    `select sha256, to_char(begun_at at time zone 'UTC', 'YYYY-MM-DD') as day from imported_files where source = $1`,
    [source],
  );
  const [earlier] = known;
  if (!earlier || earlier.sha256 === sha256 || (await everyLineHasKey())) return;
  throw new Error(
    `"${source}" has changed since it was imported on ${earlier.day}, so nothing was placed. Without a key, ` +
      'the number of a line identifies its order, and lines may have moved. Identify orders by a column with ' +
      '--key COLUMN, or lines of NDJSON by an idempotency_key (what was imported without one is then imported again). ' +
      'Set --source NAME if it is other data, or --same-lines if every line that was imported still has its number',
  );
}
