import { setTimeout } from 'node:timers/promises';
import type { Context } from 'koa';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Caller } from '../../access/caller.js';
import type { Redis } from '../../read-models/redis/redis-client.js';
import { withTimeout } from '../../with-timeout.js';
import { ProblemError, problem } from '../contract/problems.js';
import { httpLimits as limits } from '../limits.js';
import type { ClientAddresses } from '../request/client-address.js';

/**
 * Counts a request of a caller, or of an address if the caller is not authenticated. Throws
 * ProblemError if the limit is exceeded.
 */
export type LimitRate = (ctx: Context, caller: Caller | undefined) => Promise<void>;

export interface RateLimit {
  /** Undefined if there is no limit. */
  readonly limitRate: LimitRate | undefined;
  /**
   * Takes this many requests from the caller's limit, for lines of a batch. Waits until the limit
   * allows them, or `disconnected` aborts.
   */
  readonly waitForCapacity: (caller: Caller, requests: number, disconnected: AbortSignal) => Promise<void>;
}

export const unlimitedRate: RateLimit = { limitRate: undefined, waitForCapacity: async () => undefined };

/**
 * Limits each caller to a number of requests per minute over all processes, counted in Redis in
 * fixed windows. While Redis is down, each process counts for itself and applies the whole limit.
 */
export function createRateLimit(
  redis: Redis,
  keyPrefix: string,
  requestsPerMinute: number,
  addresses: ClientAddresses,
): RateLimit {
  const window = { points: requestsPerMinute, duration: limits.rateWindowSeconds };
  const inRedis = new RateLimiterRedis({
    ...window,
    storeClient: redis,
    keyPrefix,
    rejectIfRedisNotReady: true,
    // Once a caller has used up the window, its further requests do not reach Redis.
    inMemoryBlockOnConsumed: requestsPerMinute + 1,
  });
  const inMemory = new RateLimiterMemory(window);
  let skipRedisUntilMs = 0;

  async function take(key: string, points: number): Promise<{ used: RateLimiterRes; isOver: boolean }> {
    if (Date.now() < skipRedisUntilMs) return consume(inMemory.consume(key, points));
    try {
      return await consume(withTimeout(limits.rateStoreTimeoutMs, inRedis.consume(key, points)));
    } catch {
      // The next requests are counted here without waiting for Redis.
      skipRedisUntilMs = Date.now() + limits.rateStoreRetryMs;
      return consume(inMemory.consume(key, points));
    }
  }

  return {
    async limitRate(ctx, caller) {
      const key = caller ? `caller:${caller.subject}` : `address:${addresses.of(ctx.req)}`;
      const { used, isOver } = await take(key, 1);
      const seconds = Math.ceil(used.msBeforeNext / 1000);
      // draft-ietf-httpapi-ratelimit-headers-10.
      ctx.set('RateLimit-Policy', `"caller";q=${requestsPerMinute};w=${limits.rateWindowSeconds}`);
      ctx.set('RateLimit', `"caller";r=${Math.max(0, used.remainingPoints)};t=${seconds}`);
      if (!isOver) return;
      throw new ProblemError(
        problem('rate-limited', `The limit is ${requestsPerMinute} requests per minute. Retry in ${seconds} s.`),
        { 'retry-after': String(Math.max(1, seconds)) },
      );
    },
    async waitForCapacity(caller, requests, disconnected) {
      while (!disconnected.aborted) {
        const { used, isOver } = await take(`caller:${caller.subject}`, Math.min(requests, requestsPerMinute));
        if (!isOver) return;
        await setTimeout(Math.max(limits.minRateWaitMs, used.msBeforeNext), undefined, { signal: disconnected }).catch(
          () => undefined,
        );
      }
    },
  };
}

/** rate-limiter-flexible rejects with a RateLimiterRes if the limit is exceeded. */
async function consume(taking: Promise<RateLimiterRes>): Promise<{ used: RateLimiterRes; isOver: boolean }> {
  try {
    return { used: await taking, isOver: false };
  } catch (error) {
    if (error instanceof RateLimiterRes) return { used: error, isOver: true };
    throw error;
  }
}
