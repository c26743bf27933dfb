import pg from 'pg';
import { couldNotConnect } from './database-unavailable.js';
import { connectToPrimary } from './find-primary.js';

type ConnectCallback = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (release?: unknown) => void,
) => void;

type ConnectedCallback = (error: Error | undefined) => void;

/**
 * Creates the class of clients that connect to the primary of a URL. Each connection searches for
 * the primary again. `pg` connects to the host and the port that a client has when `connect` is
 * called.
 */
export function clientOfPrimary(url: string): typeof pg.Client {
  return class extends pg.Client {
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
  override connect(): Promise<pg.PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | undefined {
    if (callback === undefined) return this.#connect();
    // pg-pool's own query() connects with a callback.
    try {
      super.connect((error, client, done) => callback(error && couldNotConnect(error), client, done));
    } catch (error) {
      callback(couldNotConnect(error), undefined, () => undefined);
    }
    return undefined;
  }

  async #connect(): Promise<pg.PoolClient> {
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
