import pg from 'pg';
import { connectToPrimary } from './find-primary.js';

type ConnectedCallback = (error: Error | undefined) => void;

/**
 * A client whose errors never end the process. PostgreSQL may end a session while nothing is in
 * flight on it: the client then emits an error, and in a transaction, or right after the connection
 * was opened, the pool does not listen. The next statement fails, and the pool drops the client.
 */
export class PooledClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    this.on('error', () => undefined);
  }
}

/**
 * Creates a class of clients that connect by a function. pg-pool connects its clients with a
 * callback, while pg also allows a promise: the function only has to know promises.
 * @param connect gets the client, and the way in which `Client` connects it.
 */
export function clientThatConnects(
  Client: typeof pg.Client,
  connect: (client: pg.Client, connectClient: () => Promise<pg.Client>) => Promise<pg.Client>,
): typeof pg.Client {
  return class extends Client {
    override connect(): Promise<pg.Client>;
    override connect(callback: ConnectedCallback): void;
    override connect(callback?: ConnectedCallback): Promise<pg.Client> | undefined {
      const connecting = connect(this, () => super.connect());
      if (callback === undefined) return connecting;
      connecting.then(() => callback(undefined), callback);
      return undefined;
    }
  };
}

/**
 * Creates the class of clients that connect to the primary of a URL. Each connection searches for
 * the primary again. `pg` connects to the host and the port that a client has when `connect` is
 * called.
 */
export function clientOfPrimary(url: string): typeof pg.Client {
  return clientThatConnects(PooledClient, (client, connectClient) =>
    connectToPrimary(url, (primary) => {
      const { hostname, port } = new URL(primary);
      // An IPv6 address has brackets in a URL only.
      Object.assign(client, { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 5432) });
      return connectClient();
    }),
  );
}
