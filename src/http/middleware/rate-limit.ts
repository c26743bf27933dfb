import { setTimeout } from 'node:timers/promises';
import type { Context } from 'koa';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Caller } from '../../access/caller.js';
import type { Redis } from '../../read-models/redis/redis-client.js';
import { withTimeout } from '../../with-timeout.js';
import { ProblemError, problem } from '../contract/problems.js';
import { httpLimits as limits } from '../limits.js';
import type { ClientAddresses } from '../request/client-address.js';

/** Counts a request of a caller, or of an address where nobody knows who calls. Throws ProblemError when there were too many. */
export type LimitRate = (ctx: Context, caller: Caller | undefined) => Promise<void>;

export interface RateLimit {
  /** Undefined: there is no limit. */
  readonly limitRate: LimitRate | undefined;
  /** Takes requests' worth of the caller's limit, for the lines of a batch: waits until there is room, or `gone` aborts. */
  readonly waitForCapacity: (caller: Caller, requests: number, gone: AbortSignal) => Promise<void>;
}

export const unlimitedRate: RateLimit = { limitRate: undefined, waitForCapacity: async () => undefined };

/**
 * So many requests a minute for each caller, over all processes: counted in Redis, in fixed windows. While Redis is away
 * each process counts by itself: callers may then do as much with each of them, and never without limit.
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
    // A caller who has used up the window costs Redis nothing more.
    inMemoryBlockOnConsumed: requestsPerMinute + 1,
  });
  const inMemory = new RateLimiterMemory(window);
  let redisIsAwayUntilMs = 0;

  async function take(key: string, points: number): Promise<{ used: RateLimiterRes; isOver: boolean }> {
    if (Date.now() < redisIsAwayUntilMs) return consume(inMemory.consume(key, points));
    try {
      return await consume(withTimeout(limits.rateStoreTimeoutMs, inRedis.consume(key, points)));
    } catch {
      // Not one wait for every request: the others count here until Redis is asked again.
      redisIsAwayUntilMs = Date.now() + limits.rateStoreRetryMs;
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
        problem('rate-limited', `A caller may send ${requestsPerMinute} requests a minute. Go on in ${seconds} s.`),
        { 'retry-after': String(Math.max(1, seconds)) },
      );
    },
    async waitForCapacity(caller, requests, gone) {
      while (!gone.aborted) {
        const { used, isOver } = await take(`caller:${caller.subject}`, Math.min(requests, requestsPerMinute));
        if (!isOver) return;
        await setTimeout(Math.max(100, used.msBeforeNext), undefined, { signal: gone }).catch(() => undefined);
      }
    },
  };
}

/** rate-limiter-flexible rejects with what is left when there was too little of it. */
async function consume(taking: Promise<RateLimiterRes>): Promise<{ used: RateLimiterRes; isOver: boolean }> {
  try {
    return { used: await taking, isOver: false };
  } catch (error) {
    if (error instanceof RateLimiterRes) return { used: error, isOver: true };
    throw error;
  }
}
