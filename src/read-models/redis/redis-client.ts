import { Redis } from 'ioredis';

/** Every wait on Redis is bounded by one of these. */
const redisLimits = {
  connectTimeoutMs: 2_000,
  commandTimeoutMs: 5_000,
  /** A command that meets a lost connection is sent once more after a reconnect, then fails. */
  maxRetriesPerRequest: 1,
  maxReconnectDelayMs: 1_000,
} as const;

export type { Redis };

/** A connection to the server of a redis:// or rediss:// URL. It reconnects for ever; `onError` hears of each failure. */
export function createRedis(url: string, onError: (error: Error) => void): Redis {
  const redis = new Redis(url, {
    connectTimeout: redisLimits.connectTimeoutMs,
    commandTimeout: redisLimits.commandTimeoutMs,
    maxRetriesPerRequest: redisLimits.maxRetriesPerRequest,
    retryStrategy: (attempt) => Math.min(attempt * 100, redisLimits.maxReconnectDelayMs),
    lazyConnect: false,
  });
  redis.on('error', onError);
  return redis;
}

/** A connection for subscribing: it has no commands to time out, and subscribes again by itself after a reconnect. */
export function createRedisSubscriber(url: string, onError: (error: Error) => void): Redis {
  const redis = new Redis(url, {
    connectTimeout: redisLimits.connectTimeoutMs,
    maxRetriesPerRequest: null,
    retryStrategy: (attempt) => Math.min(attempt * 100, redisLimits.maxReconnectDelayMs),
  });
  redis.on('error', onError);
  return redis;
}
