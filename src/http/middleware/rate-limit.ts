import { setTimeout } from 'node:timers/promises';
import type { Context } from 'koa';
import type { Redis } from '../../read-models/redis/redis-client.js';
import { redisScript } from '../../read-models/redis/redis-script.js';
import { withTimeout } from '../../with-timeout.js';
import { ProblemError, problem } from '../contract/problems.js';
import { httpLimits as limits } from '../limits.js';
import { RateBuckets, type RateUse, type Taken } from './rate-buckets.js';

/**
 * Counts a request of an owner: of a caller, or of an address. Throws ProblemError if the limit is
 * exceeded. With `check` it counts nothing, but throws in the same case.
 */
export type LimitRate = (ctx: Context, owner: string, use?: RateUse) => Promise<void>;

export interface RateLimit {
  /** Undefined if there is no limit. */
  readonly limitRate: LimitRate | undefined;
  /**
   * Takes requests from the owner's limit, for lines of a batch. Waits until the limit allows them,
   * or `disconnected` aborts.
   * @returns the number of requests that were taken: a limit may be lower than the given number.
   */
  readonly waitForCapacity: (owner: string, requests: number, disconnected: AbortSignal) => Promise<number>;
}

export const unlimitedRate: RateLimit = { limitRate: undefined, waitForCapacity: async (_, requests) => requests };

/**
 * Limits each owner to a number of requests per minute over all processes, counted in Redis. The
 * limit is smooth: an owner may send that many requests at once, and gets them back evenly. While
 * Redis is down, each process counts for itself and applies the whole limit.
 */
export function createRateLimit(redis: Redis, keyPrefix: string, requestsPerMinute: number): RateLimit {
  const intervalMs = (limits.rateWindowSeconds * 1_000) / requestsPerMinute;
  const takeRate = redisScript(redis, 'take-rate.lua');
  const inMemory = new RateBuckets(requestsPerMinute, intervalMs);
  /**
   * Owners whose limit is used up, until their next request is allowed: they do not reach Redis.
   */
  const blockedUntilMs = new Map<string, number>();
  let skipRedisUntilMs = 0;

  async function take(owner: string, requests: number, use: RateUse = 'take'): Promise<Taken> {
    const nowMs = performance.now();
    if (nowMs < skipRedisUntilMs) return inMemory.take(owner, requests, use);
    const blockedMs = (blockedUntilMs.get(owner) ?? 0) - nowMs;
    if (blockedMs > 0) return { allowed: false, left: 0, waitMs: Math.ceil(blockedMs) };
    try {
      // The name differs from that of fixed windows, which older processes may still count.
      const taking = takeRate([`${keyPrefix}:smooth:${owner}`], [requests, requestsPerMinute, intervalMs, use]);
      const [allowed, left, waitMs] = (await withTimeout(limits.rateStoreTimeoutMs, taking)) as [
        number,
        number,
        number,
      ];
      if (!allowed && requests === 1) block(owner, nowMs + waitMs);
      return { allowed: allowed === 1, left: Math.max(0, left), waitMs };
    } catch {
      // The next requests are counted here without waiting for Redis.
      skipRedisUntilMs = performance.now() + limits.rateStoreRetryMs;
      return inMemory.take(owner, requests, use);
    }
  }

  function block(owner: string, untilMs: number): void {
    if (blockedUntilMs.size >= limits.maxBlockedOwners) blockedUntilMs.clear();
    blockedUntilMs.set(owner, untilMs);
  }

  return {
    async limitRate(ctx, owner, use) {
      const { allowed, left, waitMs } = await take(owner, 1, use);
      const seconds = Math.ceil(waitMs / 1_000);
      // draft-ietf-httpapi-ratelimit-headers-10.
      ctx.set('RateLimit-Policy', `"caller";q=${requestsPerMinute};w=${limits.rateWindowSeconds}`);
      ctx.set('RateLimit', `"caller";r=${left};t=${seconds}`);
      if (allowed) return;
      throw new ProblemError(
        problem('rate-limited', `The limit is ${requestsPerMinute} requests per minute. Retry in ${seconds} s.`),
        { 'retry-after': String(Math.max(1, seconds)) },
      );
    },
    async waitForCapacity(owner, requests, disconnected) {
      const wanted = Math.min(requests, requestsPerMinute);
      while (!disconnected.aborted) {
        const { allowed, waitMs } = await take(owner, wanted);
        if (allowed) return wanted;
        await setTimeout(Math.max(limits.minRateWaitMs, waitMs), undefined, { signal: disconnected }).catch(
          () => undefined,
        );
      }
      return 0;
    },
  };
}
