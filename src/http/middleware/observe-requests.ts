import type { Context, Middleware, Next } from 'koa';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { ClientAddresses } from '../request/client-address.js';
import { identifyRequest } from '../request/request-context.js';
import { onceClosed } from '../response/once-closed.js';
import { countProblems, createRequestDurations } from './request-durations.js';

/** Responses that last as long as the client wants them to: event streams and batches. */
const streamTypes = /^(text\/event-stream|application\/(x-ndjson|ndjson|jsonl))/;

/**
 * The first middleware of every request: gives it an id, and logs and measures it once its response
 * has been sent. The log has no bodies, query strings or personal data.
 */
export function observeRequests(log: Logger, addresses: ClientAddresses, registry: Registry): Middleware {
  const observe = createRequestDurations(registry);
  const countProblem = countProblems(registry);
  return async (ctx: Context, next: Next) => {
    const startMs = performance.now();
    const state = identifyRequest(ctx);
    // A client that came by TLS has to keep using it (RFC 6797).
    if (addresses.isSecure(ctx.req)) ctx.res.setHeader('Strict-Transport-Security', 'max-age=31536000');
    await next();
    onceClosed(ctx, () => {
      const tookMs = performance.now() - startMs;
      const { method = '' } = ctx.req;
      const { statusCode: status } = ctx.res;
      const route = String(ctx._matchedRoute ?? 'none');
      const kind = streamTypes.test(String(ctx.res.getHeader('content-type'))) ? 'stream' : 'request';
      observe[kind]({ method, route, status, seconds: tookMs / 1e3 });
      if (state.problem !== undefined) countProblem(state.problem);
      if (!log.isLevelEnabled('info')) return;
      const { requestId: request_id, caller, logged } = state;
      // The status is the one that was sent. A response that was cut says so.
      const cut = ctx.res.writableFinished ? {} : { cut: true };
      const actor = caller ? { actor: caller.subject } : {};
      const duration_ms = Math.round(tookMs * 1e3) / 1e3;
      log.info({ request_id, ...actor, method, route, status, ...logged, ...cut, duration_ms }, 'request');
    });
  };
}
