import { randomUUID } from 'node:crypto';
import type { Context, Middleware, Next } from 'koa';
import { httpLimits as limits } from './limits.js';

/** Who asks, and through which request: ends up in every event's metadata. */
export interface RequestState {
  readonly requestId: string;
  readonly correlationId: string;
  readonly causationId: string | undefined;
  readonly actor: string;
}

/** The actor of a service without access control. */
export const anonymousActor = 'anonymous';

const states = new WeakMap<Context, RequestState>();

/** What `identifyRequest` has found out about this request. */
export function requestState(ctx: Context): RequestState {
  const state = states.get(ctx);
  if (!state) throw new Error('identifyRequest has not run for this request');
  return state;
}

/** Gives every request an id (the caller's, if it sent a sane one) and reads its W3C trace context. */
export const identifyRequest: Middleware = async (ctx: Context, next: Next) => {
  const given = ctx.get('x-request-id');
  const sane = given.length <= limits.maxRequestIdLength && /^[\w.:+/=@-]+$/.test(given);
  const requestId = sane ? given : randomUUID();
  const trace = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-[\da-f]{2}$/.exec(ctx.get('traceparent'));
  states.set(ctx, {
    requestId,
    correlationId: trace?.[1] ?? requestId,
    causationId: trace?.[2],
    actor: anonymousActor,
  });
  ctx.set('X-Request-Id', requestId);
  await next();
};
