import { randomBytes } from 'node:crypto';
import { openOwnerSession } from '../connection/owner-session.js';

export interface NewEpoch {
  /** The actor of the operator event. */
  readonly actor: string;
  readonly reason: string;
  /** A summary of the events that are known to be lost. It becomes part of the operator event. */
  readonly lost: object | null;
  /** Whether the recorded_at of the next events may be earlier than that of the last ones. */
  readonly resetClock: boolean;
}

/** The types are those of the function: no overload in the schema of the log fits better. */
const startSql = 'select start_epoch($1::text, $2::text, $3::text, $4::json, $5::boolean) as epoch';

/**
 * Starts a new epoch of the log. Resolves with its name.
 * @param url a connection as the owner of the tables: the service's role may not start an epoch.
 */
export async function startEpoch(url: string, { actor, reason, lost, resetClock }: NewEpoch): Promise<string> {
  const { client } = await openOwnerSession(url);
  try {
    const { rows } = await client.query<{ epoch: string }>(startSql, [
      randomBytes(4).toString('hex'),
      actor,
      reason,
      lost && JSON.stringify(lost),
      resetClock,
    ]);
    const [row] = rows;
    if (!row) throw new Error('the epoch was not started');
    return row.epoch;
  } finally {
    await client.end();
  }
}
