import type { Logger } from 'pino';
import { primariesOf, type Redis } from '../read-models/redis/redis-client.js';

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
