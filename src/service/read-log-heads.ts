import type { Pool } from '../event-log/database.js';
import { readHeadPositions } from '../event-log/heads/read-heads.js';
import { shareByKey } from '../http/shared-calls.js';
import { withTimeout } from '../with-timeout.js';

/**
 * Time for PostgreSQL to return the heads. After it, callers wait for a position without knowing
 * them.
 */
const headsTimeoutMs = 1_000;

/**
 * Reads the last position of each partition from the log. All callers that call while a reading is
 * in flight share the next one. Resolves with undefined if PostgreSQL does not respond in time.
 */
export function createHeadsReader(pool: Pool): () => Promise<ReadonlyMap<number, number> | undefined> {
  const share = shareByKey<ReadonlyMap<number, number>>();
  const read = () => withTimeout(headsTimeoutMs, readHeadPositions(pool));
  return () => share('heads', read).catch(() => undefined);
}
