import { setImmediate } from 'node:timers/promises';
import pg from 'pg';
import type { FailureLog } from '../../failure-log.js';
import { TimeoutError, withTimeout } from '../../with-timeout.js';
import { eventLogLimits as limits } from '../limits.js';
import { connectionTo } from './database-access.js';
import { ServerSilent } from './database-unavailable.js';
import { connectToPrimary } from './find-primary.js';
import type { ServicePool } from './service-pool.js';

/** Backends of PostgreSQL, by process id, that do not wait for a statement of their client. */
type BusyBackends = ReadonlySet<number>;

/**
 * Finds out when PostgreSQL is gone without a word: its host lost its power or its network, or a
 * firewall forgot the connections. Nothing resets them then, and each statement would wait for
 * `queryTimeoutMs`.
 *
 * The reading of the log's heads, once per second, is the sign of life. A reading that takes
 * `readingOverdueMs` starts a probe over a new connection, of at most `probeTimeoutMs`:
 *
 * - **The probe succeeds**: the server is there. Connections on which nothing has arrived since the
 *   reading was sent are ended, if the server does not work on a statement of theirs.
 * - **The probe fails, and nothing has arrived on any connection**: the server is **silent**. All
 *   connections of the pools are ended, which fails their statements, and the pools refuse new ones
 *   at once. Probes follow each other every `probeIntervalMs`; the first that succeeds ends it.
 * - **The probe fails, but something has arrived**: nothing happens.
 */
export class ServerWatch {
  readonly #url: string;
  readonly #pools: ServicePool[];
  readonly #failures: FailureLog;
  #probing: Promise<void> | undefined;
  #nextProbe: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param url the address that the pools connect to. */
  constructor(url: string, pool: ServicePool, failures: FailureLog) {
    this.#url = url;
    this.#pools = [pool];
    this.#failures = failures;
  }

  /** Watches the connections of a further pool to the same server. */
  add(pool: ServicePool): void {
    this.#pools.push(pool);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#nextProbe);
  }

  /** Watches a reading of the heads. Settles as the reading does. */
  async watch<T>(reading: Promise<T>): Promise<T> {
    const received = this.#received();
    let isOver = false;
    const overdue = setTimeout(() => {
      this.#probing ??= this.#probe(received, () => isOver)
        .catch((error: unknown) => this.#failures.failed(error))
        .finally(() => {
          this.#probing = undefined;
        });
    }, limits.readingOverdueMs);
    try {
      return await reading;
    } finally {
      isOver = true;
      clearTimeout(overdue);
    }
  }

  async #probe(received: ReadonlyMap<pg.ClientBase, number>, isOver: () => boolean): Promise<void> {
    // A busy process may have the response, but not have read it yet.
    await setImmediate();
    if (isOver() || this.#closed || this.#isSilent) return;
    const busy = await probe(this.#url).catch((error: unknown) => asError(error));
    await setImmediate();
    if (isOver() || this.#closed) return;
    if (!(busy instanceof Error)) {
      this.#end(received, busy);
      return;
    }
    // An error that the server responds with is a sign of life.
    if (busy instanceof pg.DatabaseError || this.#hasReceived(received)) return;
    const silent = new ServerSilent(busy);
    this.#failures.failed(silent);
    for (const pool of this.#pools) pool.refuse(silent);
    this.#probeSoon();
  }

  get #isSilent(): boolean {
    return this.#pools.some(({ isRefusing }) => isRefusing);
  }

  /** Probes until the server responds. */
  #probeSoon(): void {
    this.#nextProbe = setTimeout(async () => {
      const failed = await probe(this.#url).then(
        () => false,
        (error: unknown) => !(error instanceof pg.DatabaseError),
      );
      if (this.#closed) return;
      if (failed) {
        this.#probeSoon();
        return;
      }
      for (const pool of this.#pools) pool.accept();
      this.#failures.succeeded();
    }, limits.probeIntervalMs);
  }

  /** The bytes that each connection has received so far. */
  #received(): ReadonlyMap<pg.ClientBase, number> {
    return new Map(this.#pools.flatMap((pool) => pool.connections.map((one) => [one.client, one.bytesRead] as const)));
  }

  #hasReceived(before: ReadonlyMap<pg.ClientBase, number>): boolean {
    return this.#pools.some((pool) =>
      pool.connections.some(({ client, bytesRead }) => bytesRead > (before.get(client) ?? 0)),
    );
  }

  /** Ends the connections that the server has forgotten, or of which it does not hear. */
  #end(received: ReadonlyMap<pg.ClientBase, number>, busy: BusyBackends): void {
    const silent = new ServerSilent(new Error('nothing arrived over this connection, while a new one works'));
    for (const { client, bytesRead, processId, end } of this.#pools.flatMap(({ connections }) => connections)) {
      if (received.get(client) === bytesRead && !busy.has(processId)) end(silent);
    }
  }
}

/** Asks over a new connection which backends are busy. Rejects if there is no response in time. */
async function probe(url: string): Promise<BusyBackends> {
  const clients: pg.Client[] = [];
  const asking = connectToPrimary(url, async (primary) => {
    const client = new pg.Client(connectionTo(primary, 'orders probe'));
    clients.push(client);
    client.on('error', () => undefined);
    await client.connect();
    // The state of other logins' sessions is hidden, and may be busy.
    const { rows } = await client.query<{ pid: number }>(
      `select pid from pg_stat_activity where datname = current_database() and state is distinct from 'idle'`,
    );
    return new Set(rows.map(({ pid }) => pid));
  });
  try {
    return await withTimeout(limits.probeTimeoutMs, asking);
  } finally {
    for (const client of clients) client.connection.stream.destroy();
  }
}

function asError(error: unknown): Error {
  if (error instanceof TimeoutError)
    return new Error(`a new connection got no response in ${limits.probeTimeoutMs} ms`);
  return error instanceof Error ? error : new Error(String(error));
}
