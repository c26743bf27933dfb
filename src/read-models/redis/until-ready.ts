import { Cluster } from 'ioredis';
import type { Redis } from './redis-client.js';

/** Milliseconds that a command waits for a connection to a cluster, or to a primary of Sentinel. */
const readyTimeoutMs = 1_000;

/** By client: the wait that all commands share. */
const waits = new WeakMap<Redis, Promise<void>>();

/**
 * Waits until a client that queues commands without end is connected, and rejects if that takes too
 * long. A cluster's client keeps its queue until some node responds, and one with sentinels until
 * some sentinel does. The client of a single server gives its queue up by itself. Returns undefined
 * if there is nothing to wait for.
 */
export function untilReady(redis: Redis): Promise<void> | undefined {
  if (redis.status === 'ready') return undefined;
  if (!(redis instanceof Cluster) && !redis.options.sentinels) return undefined;
  const wait = waits.get(redis) ?? waitForReady(redis).finally(() => waits.delete(redis));
  waits.set(redis, wait);
  return wait;
}

function waitForReady(redis: Redis): Promise<void> {
  return new Promise((resolve, reject) => {
    const onReady = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(() => {
      redis.off('ready', onReady);
      reject(new Error(`no connection to Redis became ready within ${readyTimeoutMs} ms`));
    }, readyTimeoutMs);
    redis.once('ready', onReady);
  });
}
