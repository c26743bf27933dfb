import type { Logger } from 'pino';
import { isOldRedis, neededRedis } from '../embedded/redis.js';
import { primariesOf, type Redis } from '../read-models/redis/redis-client.js';
import { untilReady } from '../read-models/redis/until-ready.js';
import { withTimeout } from '../with-timeout.js';

/** Milliseconds that a start waits for Redis to tell its version. */
const versionTimeoutMs = 3_000;

/** A server by the text of its INFO. */
export interface RedisServerInfo {
  /** Such as "Redis 7.0.15" or "Valkey 8.1.1". */
  readonly name: string;
  /** A sentence if the server is older than the service needs. */
  readonly tooOld: string | undefined;
  field(name: string): string | undefined;
}

export function redisServerInfo(info: string): RedisServerInfo {
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
  const version = field('redis_version') ?? 'of an unknown version';
  const name = field('server_name') === 'valkey' ? `Valkey ${field('valkey_version')}` : `Redis ${version}`;
  const tooOld = isOldRedis(version) ? `REDIS_URL leads to ${name}, but the service needs ${neededRedis}` : undefined;
  return { name, tooOld, field };
}

/**
 * Rejects with one sentence if a server is older than the service needs. Servers that do not
 * respond in time, or that do not permit INFO, are not checked.
 */
export async function refuseOldRedis(redis: Redis): Promise<void> {
  const infos = await withTimeout(versionTimeoutMs, infosOf(redis)).catch(() => []);
  const tooOld = infos.map((info) => redisServerInfo(info).tooOld).find((sentence) => sentence !== undefined);
  if (tooOld !== undefined) throw new Error(tooOld);
}

async function infosOf(redis: Redis): Promise<string[]> {
  await untilReady(redis);
  return Promise.all(primariesOf(redis).map((server) => server.info('server')));
}

/**
 * Warns of a Redis that may evict keys. An eviction loses parts of read models, and no checkpoint
 * shows it. Servers that do not permit CONFIG GET are not checked.
 */
export async function warnOfEviction(redis: Redis, log: Logger): Promise<void> {
  for (const server of primariesOf(redis)) {
    const reply = await server.config('GET', 'maxmemory-policy').catch(() => undefined);
    const policy = Array.isArray(reply) ? reply[1] : undefined;
    if (typeof policy !== 'string' || policy === 'noeviction') continue;
    log.warn(
      { policy },
      'Redis may evict keys, and with them parts of the read models: set maxmemory-policy to noeviction',
    );
    return;
  }
}
