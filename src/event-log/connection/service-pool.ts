import type { Socket } from 'node:net';
import pg from 'pg';
import { couldNotConnect, type DatabaseUnavailable, type ServerSilent } from './database-unavailable.js';
import { OpeningConnections } from './opening-connections.js';
import { PooledClient } from './pooled-client.js';

type ConnectCallback = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (release?: unknown) => void,
) => void;

/** A connected client of pg, with the id of the backend process that the server has named. */
type ConnectedClient = pg.PoolClient & {
  readonly host: string;
  readonly port: number;
  readonly processID: number | null;
  readonly connection: { readonly stream: Socket };
};

/** A connection of a pool. */
export interface PooledConnection {
  readonly client: pg.ClientBase;
  readonly bytesRead: number;
  /** Its host and port, as the URL names them. A host may have several addresses. */
  readonly server: string;
  /** The server's process. Behind a pooler it is made up. */
  readonly processId: number;
  /** When a caller took it from the pool, by performance.now(); undefined while it is idle. */
  readonly inUseSinceMs: number | undefined;
  /** Ends the connection at once. Statements in flight fail with this error. */
  readonly end: (reason: Error) => void;
}

interface ServicePoolConfig extends Omit<pg.PoolConfig, 'Client'> {
  readonly Client?: typeof pg.Client;
}

const nothing = () => undefined;

/**
 * A pool whose errors of connecting are all DatabaseUnavailable, whatever the cause: names that
 * cannot be resolved, refused connections, TLS, logins, settings of the session. Nothing was done
 * then.
 */
export class ServicePool extends pg.Pool {
  readonly #clients = new Set<pg.PoolClient>();
  readonly #inUseSinceMs = new WeakMap<pg.ClientBase, number>();
  readonly #opening: OpeningConnections;
  /** Rejects each caller that waits for a connection: for a new one, or in the queue of pg-pool. */
  readonly #waiting = new Set<(reason: DatabaseUnavailable) => void>();
  #refusal: DatabaseUnavailable | undefined;

  constructor({ Client = PooledClient, ...config }: ServicePoolConfig) {
    const opening = new OpeningConnections();
    super({ ...config, Client: opening.clientClass(Client) });
    this.#opening = opening;
    this.on('connect', (client) => {
      opening.opened(client);
      this.#clients.add(client);
      client.once('end', () => this.#clients.delete(client));
    });
    this.on('acquire', (client) => this.#inUseSinceMs.set(client, performance.now()));
    this.on('release', (_, client) => this.#inUseSinceMs.delete(client));
  }

  /** The open connections, idle ones included. */
  get connections(): readonly PooledConnection[] {
    return [...this.#clients].map((client) => {
      const connected = client as ConnectedClient;
      const { stream } = connected.connection;
      return {
        client,
        bytesRead: stream.bytesRead,
        server: serverOf(connected),
        processId: connected.processID ?? 0,
        inUseSinceMs: this.#inUseSinceMs.get(client),
        end: (reason) => stream.destroy(reason),
      };
    });
  }

  /**
   * Ends all connections, those that are being opened included, and refuses new ones at once.
   * Callers that wait for a connection are refused too.
   */
  refuse(reason: ServerSilent): void {
    const refusal = couldNotConnect(reason);
    this.#refusal = refusal;
    for (const refuse of [...this.#waiting]) refuse(refusal);
    this.#opening.refuse(refusal);
    for (const { end } of this.connections) end(reason);
  }

  accept(): void {
    this.#refusal = undefined;
    this.#opening.accept();
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | undefined {
    if (callback === undefined) {
      return new Promise((resolve, reject) =>
        this.#connect((error, client) => (client ? resolve(client) : reject(error))),
      );
    }
    // pg-pool's own query() connects with a callback.
    this.#connect(callback);
    return undefined;
  }

  #connect(callback: ConnectCallback): void {
    const refusal = this.#refusal;
    if (refusal) {
      process.nextTick(() => callback(refusal, undefined, nothing));
      return;
    }
    const refuse = (reason: DatabaseUnavailable) => {
      if (this.#waiting.delete(refuse)) callback(reason, undefined, nothing);
    };
    this.#waiting.add(refuse);
    try {
      super.connect((error, client, done) => {
        if (this.#waiting.delete(refuse)) callback(error && couldNotConnect(error), client, done);
        // The caller was refused: pg-pool, whose queue it stayed in, gets the connection back.
        else if (client) done();
      });
    } catch (error) {
      refuse(couldNotConnect(error));
    }
  }
}

/**
 * Names the server that a client connects to: one of the hosts of its URL. The address that the
 * connection has reached does not name a server, because a host may have one of IPv4 and one of
 * IPv6.
 */
export function serverOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host} ${port}`;
}

/**
 * Makes a client send its named statements without their names. A pooler in transaction mode runs
 * each transaction in any of its sessions, and only the session in which a statement was prepared
 * knows its name.
 */
export function sendUnnamed(client: pg.ClientBase): void {
  const { query } = client;
  const unnamed = (statement: unknown, ...rest: unknown[]) =>
    Reflect.apply(query, client, [isNamed(statement) ? { ...statement, name: undefined } : statement, ...rest]);
  client.query = unnamed as typeof query;
}

/** Whether a statement is a configuration with a name, and not an object that submits itself. */
function isNamed(statement: unknown): statement is pg.QueryConfig {
  return typeof statement === 'object' && statement !== null && 'name' in statement && !('submit' in statement);
}
