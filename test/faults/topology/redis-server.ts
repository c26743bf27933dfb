import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { type EmbeddedServer, freePort } from '../../../src/embedded/child.js';
import { startRedis } from '../../../src/embedded/redis.js';
import { eventually } from '../../support/servers.js';

const password = 'redis-of-the-fault-harness';

interface Instance {
  readonly folder: string;
  readonly port: number;
  server: EmbeddedServer;
}

/**
 * A Redis that can be killed, and started again with its files, older ones, or none. A replica can
 * take its place.
 */
export class RedisServer {
  #primary: Instance;
  #replica: Instance | undefined;
  /** A former primary that runs as a replica: connections to it stay open. */
  #demoted: Instance | undefined;
  readonly #folder: string;
  #instances = 0;

  private constructor(folder: string, primary: Instance) {
    this.#folder = folder;
    this.#primary = primary;
  }

  static async start(folder: string): Promise<RedisServer> {
    return new RedisServer(folder, await startInstance(folder));
  }

  /** The URL of the present primary. */
  get url(): string {
    return urlOf(this.#primary);
  }

  /** The folder with the files of the present primary. */
  get files(): string {
    return filesOf(this.#primary);
  }

  signal(signal: NodeJS.Signals): void {
    this.#primary.server.child.process.kill(signal);
  }

  async kill(): Promise<void> {
    await this.#primary.server.child.stop('SIGKILL');
  }

  async startAgain(): Promise<void> {
    const { folder, port } = this.#primary;
    this.#primary.server = await launch(folder, port);
  }

  /** Removes the data of a server that was killed. */
  async empty(): Promise<void> {
    await rm(this.files, { recursive: true, force: true });
  }

  /** Keeps a copy of the files. A copy of an append-only file ends like that of a killed server. */
  async copyFiles(): Promise<void> {
    await rm(this.#copy, { recursive: true, force: true });
    await cp(this.files, this.#copy, { recursive: true });
  }

  /** Puts the copy in place of the data of a server that was killed. */
  async putBackCopy(): Promise<void> {
    await this.empty();
    await cp(this.#copy, this.files, { recursive: true });
  }

  /** Starts a replica. Resolves when it has the data of the primary and follows it. */
  async addReplica(): Promise<void> {
    await this.#demoted?.server.child.stop('SIGKILL');
    this.#instances += 1;
    const replica = await startInstance(`${this.#folder}-${this.#instances}`);
    this.#replica = replica;
    await follow(replica, this.#primary);
    await eventually('the replica of Redis to follow', async () =>
      /master_link_status:up/.test(String(await command(replica, 'INFO', 'replication'))),
    );
  }

  /**
   * Makes the replica the primary. It lacks the writes that it has not received yet: replication is
   * asynchronous. An earlier primary that still runs becomes its replica.
   */
  async promoteReplica(): Promise<void> {
    const [old, promoted] = [this.#primary, this.#replica];
    if (!promoted) throw new Error('there is no replica to promote');
    await command(promoted, 'REPLICAOF', 'NO', 'ONE');
    this.#primary = promoted;
    this.#replica = undefined;
    this.#demoted = old;
    const { exitCode, signalCode } = old.server.child.process;
    if (exitCode === null && signalCode === null) await follow(old, promoted);
  }

  command(name: string, ...args: readonly (string | number)[]): Promise<unknown> {
    return command(this.#primary, name, ...args);
  }

  async stop(): Promise<void> {
    this.signal('SIGCONT');
    for (const one of [this.#primary, this.#replica, this.#demoted]) await one?.server.child.stop('SIGKILL');
  }

  get #copy(): string {
    return join(this.#primary.folder, 'earlier');
  }
}

const filesOf = ({ folder }: Pick<Instance, 'folder'>) => join(folder, 'redis');
const urlOf = ({ port }: Pick<Instance, 'port'>) => `redis://:${password}@127.0.0.1:${port}`;

async function startInstance(folder: string): Promise<Instance> {
  const port = await freePort();
  await mkdir(folder, { recursive: true });
  return { folder, port, server: await launch(folder, port) };
}

async function launch(folder: string, port: number): Promise<EmbeddedServer> {
  const server = await startRedis(folder, () => undefined, { port });
  // The embedded server has a new password at each start; the service needs one that stays.
  await send(server.url, 'CONFIG', 'SET', 'requirepass', password);
  // The checker searches the files for texts.
  await send(urlOf({ port }), 'CONFIG', 'SET', 'rdbcompression', 'no');
  return server;
}

async function follow(replica: Instance, primary: Instance): Promise<void> {
  await command(replica, 'CONFIG', 'SET', 'masterauth', password);
  // A primary waits for 5 s by default, in case further replicas arrive.
  await command(primary, 'CONFIG', 'SET', 'repl-diskless-sync-delay', 0);
  await command(replica, 'REPLICAOF', '127.0.0.1', primary.port);
}

function command(instance: Instance, name: string, ...args: readonly (string | number)[]): Promise<unknown> {
  return send(urlOf(instance), name, ...args);
}

async function send(url: string, name: string, ...args: readonly (string | number)[]): Promise<unknown> {
  const redis = new Redis(url, { maxRetriesPerRequest: 1 });
  redis.on('error', () => undefined);
  try {
    return await redis.call(name, ...args.map(String));
  } finally {
    redis.disconnect();
  }
}
