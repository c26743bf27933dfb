import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { type EmbeddedServer, freePort } from '../../../src/embedded/child.js';
import { startRedis } from '../../../src/embedded/redis.js';

const password = 'redis-of-the-fault-harness';

/** A Redis that can be killed, and started again with its files, older ones, or none. */
export class RedisServer {
  readonly url: string;
  #server: EmbeddedServer;
  readonly #folder: string;
  readonly #port: number;

  private constructor(folder: string, port: number, server: EmbeddedServer) {
    this.#folder = folder;
    this.#port = port;
    this.#server = server;
    this.url = `redis://:${password}@127.0.0.1:${port}`;
  }

  static async start(folder: string): Promise<RedisServer> {
    const port = await freePort();
    await mkdir(folder, { recursive: true });
    return new RedisServer(folder, port, await launch(folder, port));
  }

  signal(signal: NodeJS.Signals): void {
    this.#server.child.process.kill(signal);
  }

  async kill(): Promise<void> {
    await this.#server.child.stop('SIGKILL');
  }

  async startAgain(): Promise<void> {
    this.#server = await launch(this.#folder, this.#port);
  }

  /** Removes the data of a server that was killed. */
  async empty(): Promise<void> {
    await rm(join(this.#folder, 'redis'), { recursive: true, force: true });
  }

  /** Keeps a copy of the files. A copy of an append-only file ends like that of a killed server. */
  async copyFiles(): Promise<void> {
    await rm(this.#copy, { recursive: true, force: true });
    await cp(join(this.#folder, 'redis'), this.#copy, { recursive: true });
  }

  /** Puts the copy in place of the data of a server that was killed. */
  async putBackCopy(): Promise<void> {
    await this.empty();
    await cp(this.#copy, join(this.#folder, 'redis'), { recursive: true });
  }

  async command(name: string, ...args: readonly (string | number)[]): Promise<unknown> {
    const redis = new Redis(this.url, { maxRetriesPerRequest: 1 });
    redis.on('error', () => undefined);
    try {
      return await redis.call(name, ...args.map(String));
    } finally {
      redis.disconnect();
    }
  }

  async stop(): Promise<void> {
    this.signal('SIGCONT');
    await this.#server.child.stop('SIGKILL');
  }

  get #copy(): string {
    return join(this.#folder, 'earlier');
  }
}

async function launch(folder: string, port: number): Promise<EmbeddedServer> {
  const server = await startRedis(folder, () => undefined, { port });
  // The embedded server has a new password at each start; the service needs one that stays.
  const redis = new Redis(server.url, { maxRetriesPerRequest: 1 });
  redis.on('error', () => undefined);
  try {
    await redis.config('SET', 'requirepass', password);
  } finally {
    redis.disconnect();
  }
  return server;
}
