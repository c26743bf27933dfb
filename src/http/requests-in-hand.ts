import type { Context, Middleware, Next } from 'koa';
import { Overloaded } from '../event-log/overloaded.js';
import { httpLimits as limits } from './limits.js';
import type { Operation } from './operation.js';
import { operations } from './operations.js';

/** Probes and metrics: what operators need most when there is too much to do. */
const alwaysAnswered: ReadonlySet<string> = new Set(
  Object.values(operations).flatMap((operation: Operation) => (operation.unlimited ? operation.path : [])),
);

/**
 * Refuses a request at once, before its body is read, while as many as can be answered in good time are in hand: what is accepted
 * is answered soon, and what is not costs little. By Little's law latency is this number over the throughput. What counts is work:
 * a request whose body is still on its way takes nobody's place, and a stream none once it has begun; they, batches and the
 * queues behind have limits of their own.
 */
export function limitRequestsInHand(max: number = limits.maxRequestsInHand): Middleware {
  let inHand = 0;
  return async (ctx: Context, next: Next) => {
    if (alwaysAnswered.has(ctx.path)) return next();
    if (inHand >= max) throw new Overloaded('requests', max);
    let counted = false;
    const count = () => {
      counted = true;
      inHand += 1;
    };
    if (hasBody(ctx)) ctx.req.once('end', count);
    else count();
    try {
      await next();
    } finally {
      ctx.req.off('end', count);
      if (counted) inHand -= 1;
    }
  };
}

function hasBody({ req: { headers } }: Context): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
