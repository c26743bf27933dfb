import { httpLimits as limits } from '../limits.js';

/** The result of taking requests from a caller's limit. */
export interface Taken {
  readonly allowed: boolean;
  /** Requests that are left. */
  readonly left: number;
  /**
   * Milliseconds until the bucket is full; if the requests were not allowed, until they will be.
   */
  readonly waitMs: number;
}

export type RateUse = 'take' | 'check';

/**
 * The rate limits of one process, in its memory: what redis/take-rate.lua does for all processes.
 */
export class RateBuckets {
  readonly #capacity: number;
  readonly #intervalMs: number;
  /** By caller: the time at which the bucket will be full. */
  readonly #fullAtMs = new Map<string, number>();

  /** @param intervalMs the milliseconds in which one request is refilled. */
  constructor(capacity: number, intervalMs: number) {
    this.#capacity = capacity;
    this.#intervalMs = intervalMs;
  }

  /** @param use `check` takes nothing, and only reports whether the requests would be allowed. */
  take(key: string, requests: number, use: RateUse = 'take', nowMs = performance.now()): Taken {
    const sizeMs = this.#capacity * this.#intervalMs;
    const fullAtMs = Math.max(nowMs, this.#fullAtMs.get(key) ?? 0);
    const afterMs = fullAtMs + requests * this.#intervalMs;
    const excessMs = afterMs - nowMs - sizeMs;
    // Rounding must not reject the last request of a full bucket.
    if (excessMs > 0.001) return { allowed: false, left: this.#left(fullAtMs - nowMs), waitMs: Math.ceil(excessMs) };
    if (this.#fullAtMs.size >= limits.maxRateBuckets) this.#removeFull(nowMs);
    if (use === 'take') this.#fullAtMs.set(key, afterMs);
    return { allowed: true, left: this.#left(afterMs - nowMs), waitMs: Math.ceil(afterMs - nowMs) };
  }

  #left(missingMs: number): number {
    return Math.max(0, Math.floor((this.#capacity * this.#intervalMs - missingMs) / this.#intervalMs + 0.001));
  }

  #removeFull(nowMs: number): void {
    for (const [key, fullAtMs] of this.#fullAtMs) if (fullAtMs <= nowMs) this.#fullAtMs.delete(key);
    if (this.#fullAtMs.size >= limits.maxRateBuckets) this.#fullAtMs.clear();
  }
}
