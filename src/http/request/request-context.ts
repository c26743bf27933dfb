import { randomUUID } from 'node:crypto';
import type { Context } from 'koa';
import type { Caller } from '../../access/caller.js';
import { httpLimits as limits } from '../limits.js';

/** The identity of a request. Its ids and its actor are in the metadata of its events. */
export interface RequestContext {
  readonly requestId: string;
  /** Names the chain of requests: the id of a trace, or that of the first request. */
  correlationId: string;
  /** The span that caused the request; of a traced request, its own span. */
  causationId: string | undefined;
  /** Undefined until the caller is authenticated, and for public operations. */
  caller: Caller | undefined;
  /**
   * The owner whose share of the service the request uses: `caller:` with the caller's subject, or
   * `address:` with the address of a client that is not authenticated. Undefined until it is known.
   */
  owner: string | undefined;
  /** The type of the problem that the response reports, such as "/problems/overloaded". */
  problem: string | undefined;
  /** Further fields of the request's line in the log. */
  logged: Readonly<Record<string, string | number>> | undefined;
}

export function requestContext(ctx: Context): RequestContext {
  const state: RequestContext | undefined = ctx.state.request;
  if (!state) throw new Error('identifyRequest has not run for this request');
  return state;
}

/** The authenticated caller. Throws in the handler of a public operation. */
export function callerOf(ctx: Context): Caller {
  const { caller } = requestContext(ctx);
  if (!caller) throw new Error('this request has no authenticated caller');
  return caller;
}

/** The id of a request: the client's, if it is valid, otherwise a new one. */
export function requestIdOf(given: string): string {
  return given.length <= limits.maxRequestIdLength && /^[\w.:+/=@-]+$/.test(given) ? given : randomUUID();
}

const traceContext = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-[\da-f]{2}$/;

/** Gives a request its id and reads its W3C trace context. */
export function identifyRequest(ctx: Context): RequestContext {
  const { 'x-request-id': givenId, traceparent } = ctx.req.headers;
  const requestId = typeof givenId === 'string' ? requestIdOf(givenId) : randomUUID();
  const trace = typeof traceparent === 'string' ? traceContext.exec(traceparent) : undefined;
  const state: RequestContext = {
    requestId,
    correlationId: trace?.[1] ?? requestId,
    causationId: trace?.[2],
    caller: undefined,
    owner: undefined,
    problem: undefined,
    logged: undefined,
  };
  ctx.state.request = state;
  ctx.res.setHeader('X-Request-Id', requestId);
  return state;
}
