import { setImmediate } from 'node:timers/promises';
import pg from 'pg';
import type { FailureLog } from '../../failure-log.js';
import { TimeoutError, withTimeout } from '../../with-timeout.js';
import { eventLogLimits as limits } from '../limits.js';
import { connectionTo, type DatabaseAddress, databaseAccess } from './database-access.js';
import { ServerSilent } from './database-unavailable.js';
import { connectToPrimary } from './find-primary.js';
import { type PooledConnection, type ServicePool, serverOf } from './service-pool.js';

/** The result of a probe: a server of PostgreSQL that responds. */
interface RespondingServer {
  /** Its host and port, as the URL names them. */
  readonly server: string;
  /** Its backends, by process id, that do not wait for a statement of their client. */
  readonly busy: ReadonlySet<number>;
  /** Whether a pooler is in between, which makes process ids up. */
  readonly isPooled: boolean;
}

/**
 * Finds out when PostgreSQL is gone without a word: its host lost its power or its network, or a
 * firewall forgot the connections. Nothing resets them then, and each statement would wait for
 * `queryTimeoutMs`.
 *
 * The reading of the log's heads, once per second, is the sign of life. A reading that takes
 * `readingOverdueMs` starts a probe over a new connection, of at most `probeTimeoutMs`:
 *
 * - **The probe succeeds**: the server is there. It may still work on the reading: it waits for a
 *   lock, or, if it coordinates Citus, for a worker that is down. If a caller uses a connection
 *   whose backend is not busy, and nothing has arrived on it since the reading was sent, the
 *   connections were forgotten. Then all such connections are ended, idle ones included. Process
 *   ids say what is busy on the server of the probe alone: a connection to another host leads to
 *   one that is not the primary. Behind a pooler the ids are made up, and nothing is ended.
 * - **The probe fails, and nothing has arrived on any connection**: the server is **silent**. All
 *   connections of the pools are ended, which fails their statements, and the pools refuse new ones
 *   at once. Probes follow each other every `probeIntervalMs`; the first that succeeds ends it.
 *   The probe goes past a pooler, if there is a URL for that.
 * - **The probe fails, but something has arrived**: nothing happens.
 */
export class ServerWatch {
  readonly #url: string;
  readonly #isPooled: boolean;
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
    this.#url = directUrl ?? url;
    this.#isPooled = directUrl !== undefined;
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
    const found = await probe(this.#url).catch((error: unknown) => asError(error));
    await setImmediate();
    if (isOver() || this.#closed) return;
    if (!(found instanceof Error)) {
      this.#endForgotten(received, found, sinceMs);
      return;
    }
    // An error that the server responds with is a sign of life.
    if (found instanceof pg.DatabaseError || this.#hasReceived(received)) return;
    const silent = new ServerSilent(found);
    this.#silent = silent;
    // Comes before all that may fail: without further probes the pools would refuse for ever.
    this.#probeSoon();
    this.#failures.failed(silent);
    for (const pool of this.#pools) pool.refuse(silent);
  }

  #probeSoon(): void {
    this.#nextProbe = setTimeout(() => void this.#probeAgain(), limits.probeIntervalMs);
  }

  /** Probes until the server responds. */
  async #probeAgain(): Promise<void> {
    const responds = await probe(this.#url).then(
      () => true,
      (error: unknown) => error instanceof pg.DatabaseError,
    );
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
    if (this.#isPooled || found.isPooled) return;
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

/** Asks over a new connection which backends are busy. Rejects if there is no response in time. */
async function probe(url: string): Promise<RespondingServer> {
  const clients: pg.Client[] = [];
  let isOver = false;
  const asking = connectToPrimary(url, async (primary) => {
    // The search for the primary may take longer than the probe.
    if (isOver) throw new Error('the probe is over');
    const client = new pg.Client(connectionTo(primary, 'orders probe'));
    clients.push(client);
    client.on('error', () => undefined);
    await client.connect();
    // The state of other logins' sessions is hidden, and may be busy.
    const { rows } = await client.query<{ pid: number; is_own: boolean }>(
      `select pid, pid = pg_backend_pid() as is_own
       from pg_stat_activity where datname = current_database() and state is distinct from 'idle'`,
    );
    return {
      server: serverOf(client),
      busy: new Set(rows.map(({ pid }) => pid)),
      isPooled: !rows.some(({ pid, is_own: isOwn }) => isOwn && pid === processIdOf(client)),
    };
  });
  try {
    return await withTimeout(limits.probeTimeoutMs, asking);
  } finally {
    isOver = true;
    for (const client of clients) client.connection.stream.destroy();
  }
}

/** The types of pg do not have it. */
function processIdOf(client: pg.ClientBase): number | undefined {
  return 'processID' in client && typeof client.processID === 'number' ? client.processID : undefined;
}

function asError(error: unknown): Error {
  if (error instanceof TimeoutError)
    return new Error(`a new connection got no response in ${limits.probeTimeoutMs} ms`);
  return error instanceof Error ? error : new Error(String(error));
}
