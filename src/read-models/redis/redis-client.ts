import { Redis } from 'ioredis';

/** The limits of connections to Redis. Each wait on Redis is bounded by one of them. */
const redisLimits = {
  connectTimeoutMs: 2_000,
  commandTimeoutMs: 5_000,
  /** Retries of a command that meets a lost connection: it is sent again after a reconnect. */
  maxRetriesPerRequest: 1,
  maxReconnectDelayMs: 1_000,
} as const;

export type { Redis };

/**
 * Opens a connection to a redis:// or rediss:// URL. It reconnects without end. `onError` is called
 * for each failure.
 */
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

/**
 * Opens a connection for subscribing. It has no command time-out, because it sends no commands. It
 * subscribes again by itself after a reconnect.
 */
export function createRedisSubscriber(url: string, onError: (error: Error) => void): Redis {
  const redis = new Redis(url, {
    connectTimeout: redisLimits.connectTimeoutMs,
    maxRetriesPerRequest: null,
    retryStrategy: (attempt) => Math.min(attempt * 100, redisLimits.maxReconnectDelayMs),
  });
  redis.on('error', onError);
  return redis;
}
