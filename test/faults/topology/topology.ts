import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createApiKey } from '../../../src/access/api-keys.js';
import { scopes } from '../../../src/access/scopes.js';
import { readSigningKeys } from '../../../src/audit/signing-key.js';
import { createPool } from '../../../src/event-log/database.js';
import { migrate } from '../../../src/event-log/migrate.js';
import { createDataDir } from '../../support/data-dir.js';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.js';
import { type Clock, openClock } from './clock.js';
import { PostgresPair } from './postgres-pair.js';
import { RedisServer } from './redis-server.js';
import { ServiceProcess } from './service-process.js';

const partitions = 4;

/** A process of the service, and the proxies through which it talks. */
export interface Member {
  readonly process: ServiceProcess;
  readonly role: 'api' | 'projector';
  /** One per server of the pair. */
  readonly databases: readonly TcpProxy[];
  readonly redis: TcpProxy;
  /** Between callers and the process. */
  readonly entry: TcpProxy;
}

/** All parts of the service, each of which talks to the others through a proxy of its own. */
export interface Topology {
  readonly folder: string;
  readonly postgres: PostgresPair;
  /** The clock of PostgreSQL, if it can be stepped. */
  readonly clock: Clock | undefined;
  readonly redis: RedisServer;
  readonly members: readonly Member[];
  /** The variables that every process has, for commands beside the service. */
  readonly env: Readonly<Record<string, string>>;
  /** An API key with all scopes, whose subject is `shop`. */
  readonly apiKey: string;
  /** Keeps the folder if the run found an anomaly: the history is in it. */
  stop(keepFolder: boolean): Promise<void>;
}

/** @param isWhole with a standby, and with what faults of disks and clocks need. */
export async function startTopology(isWhole: boolean): Promise<Topology> {
  const folder = await createDataDir('faults');
  const closing: (() => Promise<unknown>)[] = [];
  const stop = async (keepFolder: boolean) => {
    for (const close of closing.toReversed()) await close();
    if (!keepFolder) await rm(folder, { recursive: true, force: true });
  };
  try {
    const topology = await open(folder, isWhole, closing);
    return { ...topology, stop };
  } catch (error) {
    await stop(false);
    throw error;
  }
}

async function open(
  folder: string,
  isWhole: boolean,
  closing: (() => Promise<unknown>)[],
): Promise<Omit<Topology, 'stop'>> {
  const started = async <Part extends { stop(): Promise<unknown> }>(part: Promise<Part>) => {
    const one = await part;
    closing.push(() => one.stop());
    return one;
  };
  const clock = isWhole ? await openClock(join(folder, 'clock')) : undefined;
  const pairOptions = { withStandby: isWhole, onSmallDisks: isWhole, ...(clock ? { env: clock.env } : {}) };
  const [postgres, redis] = await Promise.all([
    started(PostgresPair.start(folder, pairOptions)),
    started(RedisServer.start(join(folder, 'redis'))),
  ]);
  await migrate(postgres.primaryUrl, partitions);
  const keyFiles = { personalData: join(folder, 'personal-data.key'), signing: join(folder, 'signing-key.pem') };
  await writeFile(keyFiles.personalData, randomBytes(32).toString('base64'), { mode: 0o600 });
  await readSigningKeys([keyFiles.signing], true);
  const env = {
    LOG_LEVEL: 'warn',
    ORDERS_AUTH: 'required',
    ORDERS_RATE_LIMIT_PER_MINUTE: '0',
    ORDERS_PG_POOL_SIZE: '5',
    ORDERS_PERSONAL_DATA_KEY_FILE: keyFiles.personalData,
    ORDERS_SIGNING_KEY_FILES: keyFiles.signing,
    ORDERS_WEBHOOKS_ALLOW_PRIVATE: 'yes',
    ORDERS_DATA_DIR: join(folder, 'data'),
  };
  const proxied = async (url: string) => {
    const proxy = await startTcpProxy(url);
    closing.push(() => proxy.close());
    return proxy;
  };
  const start = async (role: Member['role'], nth: number): Promise<Member> => {
    const databases = await Promise.all(postgres.urls.map(proxied));
    const redisProxy = await proxied(redis.url);
    const process = await started(
      ServiceProcess.start(
        `${role}-${nth}`,
        {
          ...env,
          ORDERS_ROLES: role,
          ORDERS_DATA_DIR: join(folder, `${role}-${nth}`),
          DATABASE_URL: databaseUrl(databases),
          REDIS_URL: redisProxy.url,
        },
        join(folder, `heaps-of-${role}-${nth}`),
      ),
    );
    return { process, role, databases, redis: redisProxy, entry: await proxied(process.url) };
  };
  const members = await Promise.all([start('api', 1), start('api', 2), start('projector', 1), start('projector', 2)]);
  return { folder, postgres, clock, redis, members, env, apiKey: await createKey(postgres.primaryUrl) };
}

/** One URL with all hosts: the service finds the primary among them. */
function databaseUrl([first, ...others]: readonly TcpProxy[]): string {
  if (!first) throw new Error('the pair has a server');
  if (others.length === 0) return first.url;
  const url = new URL(first.url);
  const hosts = [first, ...others].map((proxy) => new URL(proxy.url).host).join(',');
  return `postgresql://${url.username}@${hosts}${url.pathname}?target_session_attrs=read-write`;
}

async function createKey(url: string): Promise<string> {
  const pool = createPool(url, 2);
  try {
    return (await createApiKey(pool, { name: 'harness', subject: 'shop', scopes, expiresAt: null })).key;
  } finally {
    await pool.end();
  }
}
