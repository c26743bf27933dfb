import type { ReadModelKeys } from '../read-models/keys.js';
import { type Redis, type RedisScript, redisScript } from '../read-models/redis.js';

/** What every query reads from. */
export interface ReadModels {
  readonly redis: Redis;
  readonly keys: ReadModelKeys;
  /** The log's number of partitions. */
  readonly partitions: number;
  /** redis/newest-members.lua. */
  readonly newestMembers: RedisScript;
}

export function createReadModels(redis: Redis, keys: ReadModelKeys, partitions: number): ReadModels {
  return { redis, keys, partitions, newestMembers: redisScript(redis, 'newest-members.lua') };
}
