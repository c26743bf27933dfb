import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { type EmbeddedServer, freePort, startChild } from '../../src/embedded/child.js';
import { startRedis } from '../../src/embedded/redis.js';
import { type PrivateCa, tlsSettings } from './private-ca.js';
import { eventually } from './servers.js';

const password = 'common-password';
const sentinelPassword = 'password-of-the-sentinel';
const name = 'orders-redis';

/** A primary, its replica, and a sentinel that watches them. All ask for a user and a password. */
export interface WatchedPrimary {
  /** A redis-sentinel URL. It names a sentinel that is down, and then the one that runs. */
  readonly url: string;
  /** The same with other parameters. */
  urlWith(parameters: Readonly<Record<string, string>>): string;
  killPrimary(): void;
  stop(): Promise<void>;
}

interface WatchedServer {
  readonly server: EmbeddedServer;
  /** The port of replication, of the sentinel and of clients. */
  readonly port: number;
  readonly client: Redis;
}

/** @param ca if set, all connections use TLS. */
export async function startWatchedPrimary(folder: string, ca?: PrivateCa): Promise<WatchedPrimary> {
  const [primary, replica] = await Promise.all(['one', 'two'].map((part) => startWatched(join(folder, part), ca)));
  if (!primary || !replica) throw new Error('there are two servers');
  await replica.client.replicaof('127.0.0.1', primary.port);
  await eventually('the replica to follow', async () =>
    /master_link_status:up/.test(await replica.client.info('replication')),
  );
  const [, program = ''] = /executable:(.*)\r/.exec(await primary.client.info('server')) ?? [];
  for (const { client } of [primary, replica]) client.disconnect();
  const plainPort = await freePort();
  const port = ca ? await freePort() : plainPort;
  const lines = [
    `port ${plainPort}`,
    'bind 127.0.0.1',
    `dir "${folder}"`,
    ...(ca ? tlsSettings(ca, port) : []),
    `requirepass ${sentinelPassword}`,
    `user watcher on >${sentinelPassword} ~* &* +@all`,
    `sentinel monitor ${name} 127.0.0.1 ${primary.port} 1`,
    `sentinel auth-user ${name} orders`,
    `sentinel auth-pass ${name} ${password}`,
    `sentinel down-after-milliseconds ${name} 1000`,
    `sentinel failover-timeout ${name} 5000`,
  ];
  const file = join(folder, 'sentinel.conf');
  await writeFile(file, `${lines.join('\n')}\n`);
  const sentinel = startChild(program, [file, '--sentinel'], {});
  const asked = new Redis({ port: plainPort, host: '127.0.0.1', password: sentinelPassword });
  asked.on('error', () => undefined);
  await eventually('the sentinel to know the replica', async () => {
    const found = await asked.call('SENTINEL', 'REPLICAS', name).catch(() => []);
    return Array.isArray(found) && found.length === 1;
  });
  asked.disconnect();
  const base = `${ca ? 'rediss' : 'redis'}-sentinel://orders:${password}@127.0.0.1:1,127.0.0.1:${port}/${name}`;
  const urlWith = (parameters: Readonly<Record<string, string>>) => `${base}?${new URLSearchParams(parameters)}`;
  return {
    url: urlWith({ sentinelUsername: 'watcher', sentinelPassword }),
    urlWith,
    killPrimary: () => primary.server.child.process.kill('SIGKILL'),
    async stop() {
      await sentinel.stop('SIGKILL');
      for (const { server } of [primary, replica]) await server.stop();
    },
  };
}

async function startWatched(folder: string, ca: PrivateCa | undefined): Promise<WatchedServer> {
  const tlsPort = ca && (await freePort());
  const server = await startRedis(folder, () => undefined, {
    settings: ca && tlsPort !== undefined ? tlsSettings(ca, tlsPort) : [],
  });
  const client = new Redis(server.url);
  client.on('error', () => undefined);
  await client.call('ACL', 'SETUSER', 'orders', 'on', `>${password}`, '~*', '&*', '+@all');
  await client.config('SET', 'masteruser', 'orders');
  await client.config('SET', 'masterauth', password);
  return { server, port: tlsPort ?? Number(new URL(server.url).port), client };
}
