import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { orderPartition } from '../../orders/values/partition.js';
import { databaseUnavailable } from '../connection/database-unavailable.js';
import type { LogSettings, Pool } from '../database.js';
import { eventLogLimits as limits } from '../limits.js';
import { ClockBehind, LogWentBack } from '../log-went-back.js';
import type { KnownLog } from './append.js';
import { refusalOf } from './append-statements.js';

/** Why appends do not succeed at present. */
export interface AppendTrouble {
  /** Whether other sessions hold locks for too long. Appends to other partitions may succeed. */
  readonly isBusy: boolean;
  /** One clause without internals. */
  readonly reason: string;
}

/** Tries an append that changes nothing. Rejects with the error that an append would meet. */
export type TryAppend = () => Promise<void>;

/**
 * Knows whether appends of this process succeed, by the outcome of its last append call:
 *
 * - **working**: the last call was committed, or concerned only its own events, or there was none.
 * - **in trouble**: the last call failed. While this lasts, `check` tries an append at most once
 *   per `appendCheckIntervalMs`: a load balancer that sends no commands would otherwise never learn
 *   that they work again. A commit or a successful try makes it working.
 */
export class AppendHealth {
  readonly #tryAppend: TryAppend;
  readonly #now: () => number;
  #trouble: AppendTrouble | undefined;
  #checkedMs = Number.NEGATIVE_INFINITY;

  constructor(tryAppend: TryAppend, now: () => number = () => performance.now()) {
    this.#tryAppend = tryAppend;
    this.#now = now;
  }

  /** Takes the outcome of an append call: its error, or undefined if it was committed. */
  readonly noteCall = (error?: unknown): void => {
    if (error === undefined) this.#trouble = undefined;
    else if (!concernsItsEvents(error)) this.#trouble = troubleOf(error);
  };

  /** Resolves with undefined if appends succeed. Never rejects. */
  async check(): Promise<AppendTrouble | undefined> {
    if (this.#trouble && this.#now() - this.#checkedMs >= limits.appendCheckIntervalMs) {
      this.#checkedMs = this.#now();
      await this.#tryAppend().then(() => this.noteCall(), this.noteCall);
    }
    return this.#trouble;
  }
}

/**
 * Appends an event in a transaction that is rolled back. Waits briefly for the partition's lock.
 */
export function createTryAppend(
  pool: Pool,
  { partitions }: Pick<LogSettings, 'partitions'>,
  known: KnownLog,
): TryAppend {
  return async () => {
    const orderId = randomUUID();
    const client = await pool.connect();
    try {
      await client.query('begin');
      await client.query(`set local lock_timeout = ${limits.appendCheckLockTimeoutMs}`);
      await client.query(
        `select from append_events($1::smallint, array[$2]::uuid[], array[0], array[1], array['Probe'], array['{}'],
           array['{}'], array[now()], $3, 0, $4 * interval '1 ms')`,
        [orderPartition(orderId, partitions), orderId, known.epoch, known.maxClockBehindMs],
      );
      await client.query('rollback');
      client.release();
    } catch (error) {
      // The end of the connection rolls back.
      client.release(true);
      throw refusalOf(error) ?? error;
    }
  };
}

/** SQLSTATEs of data exceptions, and whether the state of the log is watched elsewhere. */
function concernsItsEvents(error: unknown): boolean {
  return error instanceof LogWentBack || (error instanceof pg.DatabaseError && /^22/.test(error.code ?? ''));
}

function troubleOf(error: unknown): AppendTrouble {
  if (error instanceof ClockBehind) return { isBusy: false, reason: 'the clock of the database is too far behind' };
  const unavailable = databaseUnavailable(error);
  if (!unavailable) return { isBusy: false, reason: 'an unexpected error occurred' };
  return { isBusy: unavailable.isContention, reason: unavailable.reason };
}
