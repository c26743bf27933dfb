import { randomUUID } from 'node:crypto';
import type { Context } from 'koa';
import type { Caller } from '../../access/caller.js';
import { httpLimits as limits } from '../limits.js';

/** Through which request something is asked for: ends up in every event's metadata, with the actor. */
export interface RequestContext {
  readonly requestId: string;
  readonly correlationId: string;
  readonly causationId: string | undefined;
  /** Who asks; undefined until that has been found out, and where nobody needs to know. */
  caller: Caller | undefined;
}

/** What has been found out about this request. */
export function requestContext(ctx: Context): RequestContext {
  const state: RequestContext | undefined = ctx.state.request;
  if (!state) throw new Error('identifyRequest has not run for this request');
  return state;
}

/** Who asks. Throws on a route that everybody may call without saying who they are. */
export function callerOf(ctx: Context): Caller {
  const { caller } = requestContext(ctx);
  if (!caller) throw new Error('nobody has found out who calls');
  return caller;
}

/** The id of a request: the one that its caller gave it, if that is a sane one. */
export function requestIdOf(given: string): string {
  return given.length <= limits.maxRequestIdLength && /^[\w.:+/=@-]+$/.test(given) ? given : randomUUID();
}

const traceContext = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-[\da-f]{2}$/;

/** Gives every request an id (the caller's, if it sent a sane one) and reads its W3C trace context. */
export function identifyRequest(ctx: Context): RequestContext {
  const { 'x-request-id': givenId, traceparent } = ctx.req.headers;
  const requestId = typeof givenId === 'string' ? requestIdOf(givenId) : randomUUID();
  const trace = typeof traceparent === 'string' ? traceContext.exec(traceparent) : undefined;
  const state = { requestId, correlationId: trace?.[1] ?? requestId, causationId: trace?.[2], caller: undefined };
  ctx.state.request = state;
  ctx.res.setHeader('X-Request-Id', requestId);
  return state;
}
