import type { Socket } from 'node:net';
import pg from 'pg';
import { couldNotConnect, type DatabaseUnavailable, type ServerSilent } from './database-unavailable.js';
import { connectToPrimary } from './find-primary.js';

type ConnectCallback = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (release?: unknown) => void,
) => void;

/** A connected client of pg, with the id of the backend process that the server has named. */
type ConnectedClient = pg.PoolClient & {
  readonly processID: number | null;
  readonly connection: { readonly stream: Socket };
};

/** A connection of a pool. */
export interface PooledConnection {
  readonly client: pg.ClientBase;
  readonly bytesRead: number;
  /** Behind a pooler it is made up. */
  readonly processId: number;
  /** Ends the connection at once. Statements in flight fail with this error. */
  readonly end: (reason: Error) => void;
}

type ConnectedCallback = (error: Error | undefined) => void;

/**
 * A client whose errors never end the process. PostgreSQL may end a session while nothing is in
 * flight on it: the client then emits an error, and in a transaction, or right after the connection
 * was opened, the pool does not listen. The next statement fails, and the pool drops the client.
 */
class PooledClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    this.on('error', () => undefined);
  }
}

/**
 * Creates the class of clients that connect to the primary of a URL. Each connection searches for
 * the primary again. `pg` connects to the host and the port that a client has when `connect` is
 * called.
 */
export function clientOfPrimary(url: string): typeof pg.Client {
  return class extends PooledClient {
    override connect(): Promise<pg.Client>;
    override connect(callback: ConnectedCallback): void;
    override connect(callback?: ConnectedCallback): Promise<pg.Client> | undefined {
      const connecting = this.#connect();
      if (callback === undefined) return connecting;
      connecting.then(() => callback(undefined), callback);
      return undefined;
    }

    #connect(): Promise<pg.Client> {
      return connectToPrimary(url, (primary) => {
        const { hostname, port } = new URL(primary);
        // An IPv6 address has brackets in a URL only.
        Object.assign(this, { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 5432) });
        return super.connect();
      });
    }
  };
}

/**
 * A pool whose errors of connecting are all DatabaseUnavailable, whatever the cause: names that
 * cannot be resolved, refused connections, TLS, logins, settings of the session. Nothing was done
 * then.
 */
export class ServicePool extends pg.Pool {
  readonly #clients = new Set<pg.PoolClient>();
  #refusal: DatabaseUnavailable | undefined;

  constructor(config: pg.PoolConfig) {
    super({ Client: PooledClient, ...config });
    this.on('connect', (client) => {
      this.#clients.add(client);
      client.once('end', () => this.#clients.delete(client));
    });
  }

  /** The open connections, idle ones included. */
  get connections(): readonly PooledConnection[] {
    return [...this.#clients].map((client) => {
      const { stream } = (client as ConnectedClient).connection;
      return {
        client,
        bytesRead: stream.bytesRead,
        processId: (client as ConnectedClient).processID ?? 0,
        end: (reason) => stream.destroy(reason),
      };
    });
  }

  /** Whether connections are refused, until `accept`. */
  get isRefusing(): boolean {
    return this.#refusal !== undefined;
  }

  /** Ends all connections, and refuses new ones at once. */
  refuse(reason: ServerSilent): void {
    this.#refusal = couldNotConnect(reason);
    for (const { end } of this.connections) end(reason);
  }

  accept(): void {
    this.#refusal = undefined;
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | undefined {
    if (callback === undefined) return this.#connect();
    const refusal = this.#refusal;
    if (refusal) {
      process.nextTick(() => callback(refusal, undefined, () => undefined));
      return undefined;
    }
    // pg-pool's own query() connects with a callback.
    try {
      super.connect((error, client, done) => callback(error && couldNotConnect(error), client, done));
    } catch (error) {
      callback(couldNotConnect(error), undefined, () => undefined);
    }
    return undefined;
  }

  async #connect(): Promise<pg.PoolClient> {
    if (this.#refusal) throw this.#refusal;
    try {
      return await super.connect();
    } catch (error) {
      throw couldNotConnect(error);
    }
  }
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
