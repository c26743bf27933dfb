import type { ReadModelKeys } from '../keys.js';
import { ReadModelUnavailable } from '../read-model-unavailable.js';
import type { Redis } from './redis-client.js';
import { type RedisRefusal, redisRefusal } from './redis-error.js';
import { untilReady } from './until-ready.js';

/**
 * Asks Redis whether it accepts writes, and returns why not. It sends a SET of a key that does not
 * exist, with XX: Redis refuses it as it refuses every write, and otherwise changes nothing. A
 * cluster is asked through the server of that key alone. Rejects with ReadModelUnavailable if Redis
 * does not respond.
 */
export async function writeRefusal(
  redis: Redis,
  keys: Pick<ReadModelKeys, 'processPrefix'>,
): Promise<RedisRefusal | undefined> {
  try {
    await untilReady(redis);
    await redis.set(`${keys.processPrefix}:write-probe`, '', 'EX', 1, 'XX');
    return undefined;
  } catch (error) {
    const refusal = error instanceof Error ? redisRefusal(error.message) : undefined;
    if (!refusal) throw new ReadModelUnavailable(error);
    return refusal;
  }
}
