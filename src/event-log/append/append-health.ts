import { randomInt, randomUUID } from 'node:crypto';
import { orderPartition } from '../../orders/values/partition.js';
import { databaseUnavailable } from '../connection/database-unavailable.js';
import type { LogSettings, Pool } from '../database.js';
import { eventLogLimits as limits } from '../limits.js';
import { ClockBehind, LogWentBack } from '../log-went-back.js';
import type { KnownLog } from './append.js';
import { refusalOf, rejectsAnEvent } from './append-statements.js';

/** Why appends do not succeed at present. */
export interface AppendTrouble {
  /** Whether other sessions hold locks for too long. Appends to other partitions may succeed. */
  readonly isBusy: boolean;
  /**
   * Whether only some partitions are known to be concerned: the tables are distributed over
   * servers, and those of other servers may work.
   */
  readonly isPartial?: boolean | undefined;
  /** One clause without internals. */
  readonly reason: string;
}

/**
 * Tries an append to a partition, or to any, that changes nothing. Rejects with the error that an
 * append would meet.
 */
export type TryAppend = (partition?: number) => Promise<void>;

/**
 * Knows whether appends of this process succeed, by the outcome of its append calls:
 *
 * - **working**: the last call was committed, or concerned only its own events, or there was none.
 * - **a partition in trouble**: another session held a lock for too long for the partition's last
 *   call. Commits in other partitions do not end this.
 * - **all in trouble**: the last call failed for another reason, which counts for every partition.
 *   If the tables are distributed over servers, such a failure counts for its partition alone.
 *
 * While there is trouble, `check` tries appends at most once per `appendCheckIntervalMs`: a load
 * balancer that sends no commands would otherwise never learn that they work again. A commit or a
 * successful try ends the trouble of its partition and the trouble of all.
 */
export class AppendHealth {
  readonly #tryAppend: TryAppend;
  readonly #now: () => number;
  readonly #isDistributed: boolean;
  #troubleOfAll: AppendTrouble | undefined;
  /** By partition: the trouble of that partition alone. */
  readonly #troubles = new Map<number, AppendTrouble>();
  #endedCalls = 0;
  #trying: Promise<void> | undefined;
  #triedMs = Number.NEGATIVE_INFINITY;

  constructor(
    tryAppend: TryAppend,
    { now = () => performance.now(), isDistributed = false }: { now?: () => number; isDistributed?: boolean } = {},
  ) {
    this.#tryAppend = tryAppend;
    this.#now = now;
    this.#isDistributed = isDistributed;
  }

  /** Why appends do not succeed, by what is known without a try. */
  get trouble(): AppendTrouble | undefined {
    return this.#troubleOfAll ?? this.#troubles.values().next().value;
  }

  /** Takes the outcome of an append call: its error, or undefined if it was committed. */
  readonly noteCall = (partitions: readonly number[], error?: unknown): void => {
    this.#endedCalls += 1;
    this.#note(partitions, error);
  };

  /** Resolves with undefined if appends succeed. Never rejects. One try at a time is in flight. */
  async check(): Promise<AppendTrouble | undefined> {
    if (this.trouble && !this.#trying && this.#now() - this.#triedMs >= limits.appendCheckIntervalMs) {
      this.#triedMs = this.#now();
      this.#trying = this.#try().finally(() => {
        this.#trying = undefined;
      });
    }
    await this.#trying;
    return this.trouble;
  }

  /** Tries the partitions in trouble until one fails; any partition if all are in trouble. */
  async #try(): Promise<void> {
    const partitions = this.#troubleOfAll ? [undefined] : [...this.#troubles.keys()];
    for (const partition of partitions) {
      const [troubleOfAll, trouble] = [this.#troubleOfAll, this.#troubleIn(partition)];
      const endedCalls = this.#endedCalls;
      try {
        await this.#tryAppend(partition);
      } catch (error) {
        // The outcome of a call that ended since the try began is newer.
        if (this.#endedCalls === endedCalls) this.#note(partition === undefined ? [] : [partition], error);
        return;
      }
      if (this.#troubleOfAll === troubleOfAll) this.#troubleOfAll = undefined;
      if (partition !== undefined && this.#troubleIn(partition) === trouble) this.#troubles.delete(partition);
    }
  }

  #troubleIn(partition: number | undefined): AppendTrouble | undefined {
    return partition === undefined ? undefined : this.#troubles.get(partition);
  }

  #note(partitions: readonly number[], error: unknown): void {
    if (concernsItsEvents(error)) return;
    const isPartial = this.#isDistributed && partitions.length > 0;
    const trouble = error === undefined ? undefined : { ...troubleOf(error), ...(isPartial ? { isPartial } : {}) };
    // A commit, and also a lock, shows that the server takes appends.
    const isOfPartition = isPartial || (trouble?.isBusy && partitions.length > 0);
    this.#troubleOfAll = isOfPartition ? undefined : trouble;
    if (trouble && !isOfPartition) return;
    for (const partition of partitions) {
      this.#troubles.delete(partition);
      if (trouble) this.#troubles.set(partition, trouble);
    }
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
  return async (partition = randomInt(partitions)) => {
    const client = await pool.connect();
    try {
      await client.query('begin');
      await client.query(`set local lock_timeout = ${limits.appendCheckLockTimeoutMs}`);
      await client.query(
        `select from append_events($1::smallint, array[$2]::uuid[], array[0], array[1], array['Probe'], array['{}'],
           array['{}'], array[now()], $3, 0::bigint, $4 * interval '1 ms')`,
        [partition, orderIdIn(partition, partitions), known.epoch, known.maxClockBehindMs],
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

function orderIdIn(partition: number, partitions: number): string {
  for (;;) {
    const orderId = randomUUID();
    if (orderPartition(orderId, partitions) === partition) return orderId;
  }
}

/**
 * Whether an error says nothing about the server: PostgreSQL has rejected an event, or the log went
 * back, which LogContinuity watches.
 */
function concernsItsEvents(error: unknown): boolean {
  return error instanceof LogWentBack || rejectsAnEvent(error);
}

function troubleOf(error: unknown): AppendTrouble {
  if (error instanceof ClockBehind) return { isBusy: false, reason: 'the clock of the database is too far behind' };
  const unavailable = databaseUnavailable(error);
  if (!unavailable) return { isBusy: false, reason: 'an unexpected error occurred' };
  return { isBusy: unavailable.isContention, reason: unavailable.reason };
}
