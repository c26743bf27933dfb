import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import pg from 'pg';
import type { Logger } from 'pino';
import { FailureLog } from '../failure-log.js';
import { withTimeout } from '../with-timeout.js';
import { type DatabaseAccess, type DatabaseAddress, directAccess } from './connection/database-access.js';
import { connectToPrimary } from './connection/find-primary.js';
import { prepareSession, seconds, sessionSettings } from './connection/session-settings.js';
import { type LogSettings, type Pool, serviceConnection } from './database.js';
import { eventLogLimits as limits } from './limits.js';

/**
 * Shares the partitions among the processes that do one kind of work on them (projectors, webhook
 * deliverers). At any time each partition has at most one owner per kind of work.
 *
 * ## Locks
 *
 * A process owns a partition by holding a session-level advisory lock in PostgreSQL. One session
 * per process and kind of work (`#client`) holds all its locks:
 *
 * - (`#lockClass`, partition) for each partition that it owns;
 * - (`#memberClass`, its backend's pid), which says that the process takes part. The number of
 *   these locks gives each process its share: partitions ÷ members, rounded up.
 *
 * The server frees the locks when the session ends. It ends the session when the process dies, and
 * when the process hangs (stopped, or its machine gone): the session is then idle for longer than
 * its `idle_session_timeout`, which is `ownershipTimeoutMs`.
 *
 * ## The states of a partition in this process
 *
 * Every `ownershipIntervalMs` (`#timer`), a rebalance counts the members and compares the process's
 * share with its partitions, those being released included.
 *
 * - **not owned**: it is in neither set. If the share is larger, a rebalance makes it *acquiring*.
 * - **acquiring**: `#acquire` has asked for its lock. If the lock is free, the partition becomes
 *   *owned*, and `acquired` is emitted; otherwise it stays *not owned*.
 * - **owned**: it is in `#owned`. If more are owned than the share, a rebalance makes the surplus
 *   *releasing*. It becomes *not owned* at once if the session is lost, and after `drained` when
 *   `close` is called. In each case `lost` is emitted, and the work on the partition has to stop.
 * - **releasing**: it is in `#releasing`, and its lock is still held. After `drained` has resolved
 *   the lock is freed, and the partition becomes *not owned*. `close` waits for that.
 *
 * The session is lost when it ends or breaks (`error` and `end` of the client), and when a
 * rebalance fails, for example because PostgreSQL has not responded for `ownershipTimeoutMs`. The
 * next rebalance opens a new session. By then another process may have the locks: an owner that
 * hung and woke up believes for a moment that it still owns. This class only makes that rare. For
 * projections, the guarded step of redis/apply-steps.lua keeps it harmless; webhooks are delivered
 * at least once in any case.
 */
export class PartitionOwnership extends EventEmitter<{ acquired: [partition: number]; lost: [partition: number] }> {
  readonly #access: DatabaseAccess;
  readonly #partitions: number;
  readonly #lockClass: number;
  readonly #memberClass: number;
  readonly #log: Logger;
  readonly #failures: FailureLog;
  readonly #owned = new Set<number>();
  /**
   * Partitions whose last step is still in flight, and whose lock is still held. Each promise
   * resolves once the lock was freed, or the attempt to free it has failed.
   */
  readonly #releasing = new Map<number, Promise<void>>();
  #client: pg.Client | undefined;
  /** The session's last statement. The next statement waits for it. */
  #lastStatement: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  /** The rebalance in progress, or the last one. */
  #rebalancing: Promise<void> | undefined;
  #closed = false;
  /** Resolves when the work on a partition has stopped. Set by the caller that does the work. */
  drained: (partition: number) => Promise<void> = async () => undefined;

  /**
   * @param work names the kind of work, such as a release of the projections. Each kind is shared
   * by itself.
   */
  constructor(address: DatabaseAddress, { logId, partitions }: LogSettings, work: string, log: Logger) {
    super();
    this.#access = directAccess(address);
    this.#partitions = partitions;
    [this.#lockClass, this.#memberClass] = lockClasses(logId, work);
    this.#log = log;
    this.#failures = new FailureLog(log, {
      failing: 'ownership of partitions: the session failed and is opened again',
      over: 'ownership of partitions: the session works again',
    });
  }

  get owned(): ReadonlySet<number> {
    return this.#owned;
  }

  start(): void {
    this.#startRebalance();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#rebalancing;
    for (const partition of this.#owned) this.emit('lost', partition);
    await Promise.all([...[...this.#owned].map((partition) => this.drained(partition)), ...this.#releasing.values()]);
    this.#owned.clear();
    if (this.#client) await withTimeout(limits.endSessionTimeoutMs, this.#client.end()).catch(() => undefined);
  }

  #startRebalance(): void {
    this.#rebalancing = this.#rebalance()
      .then(() => this.#failures.succeeded())
      .catch((error: unknown) => {
        if (!this.#closed) this.#failures.failed(error);
        this.#sessionLost(this.#client);
      })
      .finally(() => {
        if (!this.#closed) this.#timer = setTimeout(() => this.#startRebalance(), limits.ownershipIntervalMs);
      });
  }

  async #rebalance(): Promise<void> {
    this.#client ??= await this.#connect();
    const client = this.#client;
    const members = await countLocks((text, values) => this.#query(client, text, values), this.#memberClass);
    const share = Math.ceil(this.#partitions / Math.max(1, members));
    const held = this.#owned.size + this.#releasing.size;
    if (this.#owned.size > share) this.#release(client, [...this.#owned].slice(share));
    else if (held < share) await this.#acquire(client, share - held);
  }

  async #acquire(client: pg.Client, wanted: number): Promise<void> {
    let missing = wanted;
    // A random first partition keeps processes that start at once from trying the same locks.
    const offset = Math.floor(Math.random() * this.#partitions);
    for (let nth = 0; nth < this.#partitions && missing > 0; nth += 1) {
      const partition = (offset + nth) % this.#partitions;
      if (this.#owned.has(partition) || this.#releasing.has(partition)) continue;
      const { rows } = await this.#query<{ locked: boolean }>(client, 'select pg_try_advisory_lock($1, $2) as locked', [
        this.#lockClass,
        partition,
      ]);
      if (!rows[0]?.locked) continue;
      if (this.#client !== client || this.#closed) return;
      missing -= 1;
      this.#owned.add(partition);
      this.emit('acquired', partition);
    }
  }

  /**
   * Hands partitions over: waits until the work on them has stopped, and only then frees the locks.
   */
  #release(client: pg.Client, partitions: readonly number[]): void {
    for (const partition of partitions) {
      this.#owned.delete(partition);
      this.emit('lost', partition);
      const released = this.#releaseAfterWork(client, partition).finally(() => this.#releasing.delete(partition));
      this.#releasing.set(partition, released);
    }
  }

  /** Never rejects. */
  async #releaseAfterWork(client: pg.Client, partition: number): Promise<void> {
    try {
      await this.drained(partition);
      await this.#query(client, 'select pg_advisory_unlock($1, $2)', [this.#lockClass, partition]);
    } catch (error) {
      const message = 'a partition was not handed over: its lock is freed when the session ends';
      this.#log.warn({ err: error, partition }, message);
    }
  }

  /**
   * Sends one statement at a time. Partitions are handed over concurrently, but a client is given
   * the next statement only after the response to the one before it.
   */
  #query<Row extends pg.QueryResultRow>(
    client: pg.Client,
    text: string,
    values: readonly number[],
  ): Promise<pg.QueryResult<Row>> {
    const response = this.#lastStatement.then(() => client.query<Row>(text, [...values]));
    this.#lastStatement = response.catch(() => undefined);
    return response;
  }

  #connect(): Promise<pg.Client> {
    return connectToPrimary(this.#access.url, (primary) => this.#open(primary));
  }

  async #open(url: string): Promise<pg.Client> {
    const client = new pg.Client({
      ...serviceConnection(url, 'orders partitions'),
      query_timeout: limits.ownershipTimeoutMs,
    });
    client.on('error', (error) => {
      if (!this.#closed) this.#failures.failed(error);
      this.#sessionLost(client);
    });
    client.on('end', () => this.#sessionLost(client));
    try {
      await client.connect();
      await prepareSession(client, this.#access, this.#settings());
      await client.query('select pg_try_advisory_lock($1, pg_backend_pid())', [this.#memberClass]);
      return client;
    } catch (error) {
      void client.end().catch(() => undefined);
      throw error;
    }
  }

  #settings() {
    return sessionSettings(this.#access, { idle_session_timeout: seconds(limits.ownershipTimeoutMs) });
  }

  /** Gives up a session that is lost: its locks are, or will soon be, freed. */
  #sessionLost(client: pg.Client | undefined): void {
    if (!client || client !== this.#client) return;
    this.#client = undefined;
    this.#lastStatement = Promise.resolve();
    const lost = [...this.#owned];
    this.#owned.clear();
    for (const partition of lost) this.emit('lost', partition);
    client.end().catch(() => undefined);
  }
}

/** Counts the processes that currently do a kind of work. */
export function countOwners(pool: Pool, { logId }: LogSettings, work: string): Promise<number> {
  return countLocks((text, values) => pool.query(text, values), lockClasses(logId, work)[1]);
}

/**
 * Derives the two lock classes, for partitions and for members, from the log and the kind of work.
 * Advisory locks are shared by the whole database, and other applications may use them too.
 */
function lockClasses(logId: string, work: string): [partitions: number, members: number] {
  const hash = createHash('sha256').update(`${logId} ${work}`).digest();
  return [hash.readUInt32BE(0) >>> 1, hash.readUInt32BE(4) >>> 1];
}

async function countLocks(
  query: (text: string, values: number[]) => Promise<pg.QueryResult<{ count: number }>>,
  lockClass: number,
): Promise<number> {
  const { rows } = await query(
    `select count(*)::integer as count from pg_locks
     where locktype = 'advisory' and classid = $1 and objsubid = 2 and granted
       and database = (select oid from pg_database where datname = current_database())`,
    [lockClass],
  );
  return rows[0]?.count ?? 0;
}
