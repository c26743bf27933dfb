import type { AppendHealth } from '../../event-log/append/append-health.js';
import { databaseUnavailable } from '../../event-log/connection/database-unavailable.js';
import type { LogSettings, Pool } from '../../event-log/database.js';
import type { LogContinuity } from '../../event-log/heads/log-continuity.js';
import { withTimeout } from '../../with-timeout.js';
import { namePartitions } from './projection-health.js';

/** Milliseconds that PostgreSQL and Redis each have to respond to a check. */
export const healthTimeoutMs = 1_000;

export interface EventLogHealth {
  /** Whether the process can read the log and append to it. */
  readonly works: boolean;
  /** Whether appends succeed only in part. */
  readonly isDegraded: boolean;
  /** Shown to every caller, so it names no internals. */
  readonly text: string;
}

export interface EventLogHealthDeps {
  readonly pool: Pool;
  readonly continuity: Pick<LogContinuity, 'refusal' | 'unreachable'> & {
    readonly settings: Pick<LogSettings, 'partitions'>;
  };
  /** Undefined in a process that appends nothing. */
  readonly appends?: Pick<AppendHealth, 'check' | 'trouble'> | undefined;
}

/**
 * Asks PostgreSQL whether it responds and may write, and whether appends succeed. Takes at most
 * `healthTimeoutMs`: the last known trouble of the appends counts then. A server of a distributed
 * database that is down degrades the log, since the partitions of the others work.
 */
export async function checkEventLog({ pool, continuity, appends }: EventLogHealthDeps): Promise<EventLogHealth> {
  let state = 'down';
  const check = async () => {
    state = await readState(pool);
    return state === 'up' ? appends?.check() : undefined;
  };
  const trouble = await withTimeout(healthTimeoutMs, check()).catch(() => appends?.trouble);
  const { refusal } = continuity;
  if (refusal) return failing(refusal.message);
  if (state !== 'up') return failing(state);
  const { unreachable, settings } = continuity;
  if (unreachable.size === settings.partitions) return failing(unreachableText(continuity));
  if (unreachable.size > 0) return { works: true, isDegraded: true, text: unreachableText(continuity) };
  if (!trouble) return { works: true, isDegraded: false, text: 'up' };
  if (trouble.isBusy) return { works: true, isDegraded: true, text: `appends are blocked: ${trouble.reason}` };
  if (trouble.isPartial) return { works: true, isDegraded: true, text: `some appends fail: ${trouble.reason}` };
  return failing(`appends fail: ${trouble.reason}`);
}

function unreachableText({ unreachable, settings }: EventLogHealthDeps['continuity']): string {
  const [error] = unreachable.values();
  const reason = databaseUnavailable(error)?.reason ?? 'an unexpected error occurred';
  const partitions = [...unreachable.keys()].sort((a, b) => a - b);
  return `${namePartitions(partitions, settings.partitions)} cannot be reached: ${reason}`;
}

function failing(text: string): EventLogHealth {
  return { works: false, isDegraded: false, text };
}

/** Resolves with "up", or with why nothing can be appended. Costs PostgreSQL next to nothing. */
async function readState(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ standby: boolean; read_only: string }>({
    name: 'health',
    text: `select pg_is_in_recovery() as standby, current_setting('transaction_read_only') as read_only`,
  });
  if (rows[0]?.standby) return 'read-only: the server is a standby';
  return rows[0]?.read_only === 'on' ? 'read-only: the server was set to read-only' : 'up';
}
