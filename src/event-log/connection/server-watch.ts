import { setImmediate } from 'node:timers/promises';
import type pg from 'pg';
import type { FailureLog } from '../../failure-log.js';
import { eventLogLimits as limits } from '../limits.js';
import { type DatabaseAddress, databaseAccess } from './database-access.js';
import { ServerSilent } from './database-unavailable.js';
import { type Probed, probeServer, type RespondingServer } from './probe-server.js';
import type { PooledConnection, ServicePool } from './service-pool.js';

/**
 * Notices that PostgreSQL is gone although no connection was closed: its host lost its power or its
 * network, or a firewall forgot the connections. Otherwise each statement would wait for
 * `queryTimeoutMs`.
 *
 * The service reads the heads of the log once per second. If a reading takes longer than
 * `readingOverdueMs`, the watch sends a probe: a statement over a new connection to the address of
 * the pools. The probe has one of three results.
 *
 * 1. **The probe gets a response within `probeTimeoutMs`.** PostgreSQL works, and the reading may
 *    only wait for a lock, or for a worker of Citus that is down. But a firewall may have forgotten
 *    the connections. A connection is suspect if nothing has arrived on it since the reading was
 *    sent, and its backend is not busy. If a caller waits on a suspect connection, all suspect
 *    connections are ended, idle ones included. The probe knows the busy backends of its own host
 *    only: a connection to another host of the URL does not lead to the primary.
 * 2. **The probe fails, and nothing has arrived on any connection of the pools since the reading
 *    was sent.** The server is **silent**. All connections are ended, which fails their statements,
 *    and the pools refuse new ones at once. The probe is repeated every `probeIntervalMs`. As soon
 *    as one does not fail, the pools accept connections again.
 * 3. **The probe fails, but something has arrived.** Nothing is done.
 *
 * If the pools connect to a pooler in transaction mode, a second probe goes to PostgreSQL itself.
 * It counts if the pooler has accepted the first probe's login, but has not responded to its
 * statement. If PostgreSQL responds to the second probe, the first one waits in the pooler for a
 * free session, and the server is not silent. Behind a pooler of either mode, suspect connections
 * are not ended: the pooler makes the process ids up, so the watch does not know which are busy.
 */
export class ServerWatch {
  readonly #url: string;
  /** The address of PostgreSQL itself, if `#url` leads to a pooler in transaction mode. */
  readonly #directUrl: string | undefined;
  readonly #pools: ServicePool[];
  readonly #failures: FailureLog;
  #probing: Promise<void> | undefined;
  #nextProbe: NodeJS.Timeout | undefined;
  /** Set while the server is silent. */
  #silent: ServerSilent | undefined;
  #closed = false;

  /** @param address the address that the pools connect to. */
  constructor(address: DatabaseAddress, pool: ServicePool, failures: FailureLog) {
    const { url, directUrl } = databaseAccess(address);
    this.#url = url;
    this.#directUrl = directUrl;
    this.#pools = [pool];
    this.#failures = failures;
  }

  /** Watches the connections of a further pool to the same server. */
  add(pool: ServicePool): void {
    this.#pools.push(pool);
    if (this.#silent) pool.refuse(this.#silent);
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
    if (isOver() || this.#closed || this.#silent) return;
    const sinceMs = performance.now();
    const probed = await this.#probeServer();
    await setImmediate();
    if (isOver() || this.#closed) return;
    if (probed.responds) {
      if (probed.server) this.#endForgotten(received, probed.server, sinceMs);
      return;
    }
    if (this.#hasReceived(received)) return;
    const silent = new ServerSilent(probed.error);
    this.#silent = silent;
    // Comes before all that may fail: without further probes the pools would refuse for ever.
    this.#probeSoon();
    this.#failures.failed(silent);
    for (const pool of this.#pools) pool.refuse(silent);
  }

  /** Probes the address of the pools, and PostgreSQL itself in case that is not enough. */
  async #probeServer(): Promise<Probed> {
    // Both begin at once: one after the other, they would take twice the time.
    const direct = this.#directUrl === undefined ? undefined : probeServer(this.#directUrl);
    const probed = await probeServer(this.#url);
    if (probed.responds || !probed.hasReceived || !direct) return probed;
    const directly = await direct;
    return directly.responds ? { responds: true, server: undefined } : directly;
  }

  #probeSoon(): void {
    this.#nextProbe = setTimeout(() => void this.#probeAgain(), limits.probeIntervalMs);
  }

  /** Probes until the server responds. */
  async #probeAgain(): Promise<void> {
    const { responds } = await this.#probeServer();
    if (this.#closed) return;
    if (!responds) {
      this.#probeSoon();
      return;
    }
    this.#silent = undefined;
    for (const pool of this.#pools) pool.accept();
    this.#failures.succeeded();
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

  /**
   * Ends the connections that the server has forgotten, or of which it does not hear.
   * @param sinceMs when the probe began. A statement that was sent later may be under way.
   */
  #endForgotten(received: ReadonlyMap<pg.ClientBase, number>, found: RespondingServer, sinceMs: number): void {
    if (this.#directUrl !== undefined || found.isPooled) return;
    const isBusy = ({ server, processId }: PooledConnection) => server === found.server && found.busy.has(processId);
    const quiet = this.#pools
      .flatMap(({ connections }) => connections)
      .filter((one) => received.get(one.client) === one.bytesRead && !isBusy(one));
    const isForgotten = quiet.some(({ inUseSinceMs }) => inUseSinceMs !== undefined && inUseSinceMs < sinceMs);
    if (!isForgotten) return;
    const silent = new ServerSilent(new Error('nothing arrived over this connection, while a new one works'));
    for (const { end } of quiet) end(silent);
  }
}
