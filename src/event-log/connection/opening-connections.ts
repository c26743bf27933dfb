import type pg from 'pg';
import { clientThatConnects } from './pooled-client.js';

/**
 * The connections of a pool from when they are begun until the pool hands them out. A server that
 * is away leaves them open, and the pool counts them, until their time limit.
 */
export class OpeningConnections {
  readonly #clients = new Set<pg.Client>();
  readonly #refuse = new Set<(reason: Error) => void>();
  #refusal: Error | undefined;

  /** A class of clients whose connections can be refused while they are opened. */
  clientClass(Client: typeof pg.Client): typeof pg.Client {
    return clientThatConnects(Client, (client, connectClient) => this.#open(client, connectClient));
  }

  /** The pool hands the connection out. */
  opened(client: pg.Client): void {
    this.#clients.delete(client);
  }

  /** Ends all of them at once, and refuses new ones. */
  refuse(reason: Error): void {
    this.#refusal = reason;
    for (const refuse of [...this.#refuse]) refuse(reason);
    for (const client of [...this.#clients]) this.#drop(client);
  }

  accept(): void {
    this.#refusal = undefined;
  }

  async #open(client: pg.Client, connect: () => Promise<pg.Client>): Promise<pg.Client> {
    if (this.#refusal) throw this.#refusal;
    let refuse: (reason: Error) => void = () => undefined;
    const refused = new Promise<never>((_, reject) => {
      refuse = reject;
    });
    this.#refuse.add(refuse);
    this.#clients.add(client);
    client.once('end', () => this.#clients.delete(client));
    const connecting = connect();
    try {
      return await Promise.race([connecting, refused]);
    } catch (error) {
      this.#drop(client);
      // The search for the primary may still be under way: it connects afterwards.
      connecting.then(
        () => this.#drop(client),
        () => undefined,
      );
      throw error;
    } finally {
      this.#refuse.delete(refuse);
    }
  }

  #drop(client: pg.Client): void {
    this.#clients.delete(client);
    client.connection.stream.destroy();
  }
}
