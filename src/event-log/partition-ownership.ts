import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import pg from 'pg';
import type { Logger } from 'pino';
import { type LogSettings, type Pool, serviceConnection } from './database.js';
import { eventLogLimits as limits } from './limits.js';

/**
 * Shares the partitions out among the processes that work on them (projectors, deliverers of webhooks): each partition has one
 * owner at a time for each kind of work.
 *
 * Owning is holding an advisory lock in PostgreSQL, on one session of its own. The server frees it when the process dies;
 * and when the process hangs (stopped, its machine gone), since the session then sits idle longer than its
 * idle_session_timeout. A hung owner that wakes up may believe for a moment that it still owns: the guarded step of
 * redis/apply-steps.lua is what keeps that harmless, this class only makes it rare.
 *
 * Each process also holds a lock that says that it takes part; counting those gives everyone's fair share.
 */
export class PartitionOwnership extends EventEmitter<{ acquired: [partition: number]; lost: [partition: number] }> {
  readonly #url: string;
  readonly #partitions: number;
  readonly #lockClass: number;
  readonly #memberClass: number;
  readonly #log: Logger;
  readonly #owned = new Set<number>();
  /** Partitions being handed over: their last step is still in hand. */
  readonly #releasing = new Set<number>();
  #client: pg.Client | undefined;
  /** The session's last statement: the next one waits for it. */
  #statement: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #ticking: Promise<void> | undefined;
  #closed = false;
  /** Waits until a partition's projector has stopped; set by who runs the projectors. */
  drained: (partition: number) => Promise<void> = async () => undefined;

  /** @param work names what is shared out, such as a release of the projections: who does other work shares it out by itself. */
  constructor(url: string, { logId, partitions }: LogSettings, work: string, log: Logger) {
    super();
    this.#url = url;
    this.#partitions = partitions;
    [this.#lockClass, this.#memberClass] = lockClasses(logId, work);
    this.#log = log;
  }

  get owned(): ReadonlySet<number> {
    return this.#owned;
  }

  start(): void {
    this.#tick();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#ticking;
    for (const partition of this.#owned) this.emit('lost', partition);
    await Promise.all([...this.#owned].map((partition) => this.drained(partition)));
    this.#owned.clear();
    await this.#client?.end().catch(() => undefined);
  }

  #tick(): void {
    this.#ticking = this.#rebalance()
      .catch((error: unknown) => {
        if (!this.#closed) this.#log.warn({ err: error }, 'ownership of partitions: PostgreSQL did not answer');
        this.#disconnected(this.#client);
      })
      .finally(() => {
        if (!this.#closed) this.#timer = setTimeout(() => this.#tick(), limits.ownershipIntervalMs);
      });
  }

  async #rebalance(): Promise<void> {
    this.#client ??= await this.#connect();
    const client = this.#client;
    const members = await countLocks((text, values) => this.#query(client, text, values), this.#memberClass);
    const share = Math.ceil(this.#partitions / Math.max(1, members));
    const held = this.#owned.size + this.#releasing.size;
    if (this.#owned.size > share) this.#release([...this.#owned].slice(share));
    else if (held < share) await this.#acquire(client, share - held);
  }

  async #acquire(client: pg.Client, wanted: number): Promise<void> {
    let missing = wanted;
    // Each process tries in an order of its own, so that two which start at once don't try for the same ones.
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

  /** Hands partitions over: stops their projectors, and only then frees the locks. */
  #release(partitions: readonly number[]): void {
    const client = this.#client;
    for (const partition of partitions) {
      this.#owned.delete(partition);
      this.#releasing.add(partition);
      this.emit('lost', partition);
      this.drained(partition)
        .then(() => client && this.#query(client, 'select pg_advisory_unlock($1, $2)', [this.#lockClass, partition]))
        .catch((error: unknown) =>
          this.#log.warn({ err: error, partition }, 'a partition was not handed over in order'),
        )
        .finally(() => this.#releasing.delete(partition));
    }
  }

  /** Partitions are handed over each in its own time, but a session takes one statement at a time. */
  #query<Row extends pg.QueryResultRow>(
    client: pg.Client,
    text: string,
    values: readonly number[],
  ): Promise<pg.QueryResult<Row>> {
    const answer = this.#statement.then(() => client.query<Row>(text, [...values]));
    this.#statement = answer.catch(() => undefined);
    return answer;
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({
      ...serviceConnection(this.#url, 'orders partitions', [`idle_session_timeout=${limits.ownershipTimeoutMs}`]),
      query_timeout: limits.ownershipTimeoutMs,
    });
    client.on('error', (error) => {
      if (!this.#closed) this.#log.warn({ err: error }, 'ownership of partitions: the session ended');
      this.#disconnected(client);
    });
    client.on('end', () => this.#disconnected(client));
    try {
      await client.connect();
      await client.query('select pg_try_advisory_lock($1, pg_backend_pid())', [this.#memberClass]);
      return client;
    } catch (error) {
      void client.end().catch(() => undefined);
      throw error;
    }
  }

  /** The session is gone, and its locks with it. */
  #disconnected(client: pg.Client | undefined): void {
    if (!client || client !== this.#client) return;
    this.#client = undefined;
    this.#statement = Promise.resolve();
    const lost = [...this.#owned];
    this.#owned.clear();
    for (const partition of lost) this.emit('lost', partition);
    client.end().catch(() => undefined);
  }
}

/** How many processes do this work at this moment. */
export function countOwners(pool: Pool, { logId }: LogSettings, work: string): Promise<number> {
  return countLocks((text, values) => pool.query(text, values), lockClasses(logId, work)[1]);
}

/** Two lock classes of their own, for the partitions and for who takes part: advisory locks are per database, and others may use them too. */
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
