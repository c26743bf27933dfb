import type { Context, Middleware } from 'koa';
import { Overloaded } from '../../event-log/overloaded.js';
import type { Operation } from '../contract/operation.js';
import { operations } from '../contract/operations.js';
import { httpLimits as limits } from '../limits.js';

/** Probes and metrics. Operators need them most when the service is overloaded. */
const alwaysServed: ReadonlySet<string> = new Set(
  Object.values(operations).flatMap((operation: Operation) => (operation.unlimited ? operation.path : [])),
);

/** Whether requests to this path are neither counted nor shed. */
export function isAlwaysServed(path: string): boolean {
  return alwaysServed.has(path);
}

/**
 * Counts the requests in flight and rejects those beyond the limit. By Little's law, latency is the
 * number of requests in flight divided by the throughput. So the limit bounds latency: an accepted
 * request gets its response soon, and a rejected one costs little.
 *
 * Only work counts: a request is counted once its body has arrived, and a stream until its response
 * begins. Slow bodies, streams, batches and the queues behind them have limits of their own.
 */
export class InFlightRequests {
  readonly #max: number;
  #count = 0;

  constructor(max: number = limits.maxInFlightRequests) {
    this.#max = max;
  }

  get isFull(): boolean {
    return this.#count >= this.#max;
  }

  overloaded(): Overloaded {
    return new Overloaded('requests', this.#max);
  }

  /** The middleware that counts a request. It throws Overloaded if the limit is reached. */
  count(): Middleware {
    return async (ctx, next) => {
      const leave = this.#enter(ctx);
      try {
        await next();
      } finally {
        leave();
      }
    };
  }

  /** Counts a request once its body has arrived. @returns the function that ends the count. */
  #enter(ctx: Context): () => void {
    if (isAlwaysServed(ctx.path)) return () => undefined;
    if (this.isFull) throw this.overloaded();
    if (!hasBody(ctx)) {
      this.#count += 1;
      return this.#leave;
    }
    let isCounted = false;
    const count = () => {
      isCounted = true;
      this.#count += 1;
    };
    ctx.req.once('end', count);
    return () => {
      ctx.req.off('end', count);
      if (isCounted) this.#leave();
    };
  }

  readonly #leave = (): void => {
    this.#count -= 1;
  };
}

function hasBody({ req: { headers } }: Context): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
