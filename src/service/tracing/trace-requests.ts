import { AsyncLocalStorage } from 'node:async_hooks';
import type { Context as TraceContext } from '@opentelemetry/api';
import type { Context, Middleware, Next } from 'koa';
import { isAlwaysServed } from '../../http/middleware/in-flight-requests.js';
import { requestContext } from '../../http/request/request-context.js';
import type { Tracing } from './tracing.js';

/** The context of the request that the present code works for. */
export const currentTrace = new AsyncLocalStorage<TraceContext>();

/**
 * Gives each request a span, below that of the caller's `traceparent` if there is one. The events
 * of the request carry the trace and the span in their metadata. Probes and scrapes have no spans.
 */
export function traceRequests({ api, tracer }: Tracing): Middleware {
  return async (ctx: Context, next: Next) => {
    if (isAlwaysServed(ctx.path)) return next();
    const { traceparent } = ctx.req.headers;
    const parent = parentOf({ api }, typeof traceparent === 'string' ? traceparent : '');
    const span = tracer.startSpan(`${ctx.method}`, { kind: api.SpanKind.SERVER }, parent);
    const { traceId, spanId, traceFlags } = span.spanContext();
    const request = requestContext(ctx);
    const isSampled = (traceFlags & api.TraceFlags.SAMPLED) !== 0;
    if (isSampled) request.correlationId = traceId;
    // Without a span, nothing that follows from the events of the request is traced.
    request.causationId = isSampled ? spanId : undefined;
    try {
      return await currentTrace.run(api.trace.setSpan(parent, span), next);
    } finally {
      const route = String(ctx._matchedRoute ?? 'none');
      const { statusCode } = ctx.res;
      span.updateName(`${ctx.method} ${route}`);
      span.setAttributes({
        'http.request.method': ctx.method,
        'http.route': route,
        'http.response.status_code': statusCode,
        'orders.request_id': request.requestId,
      });
      if (statusCode >= 500) span.setStatus({ code: api.SpanStatusCode.ERROR });
      span.end();
    }
  };
}

/** The remote span of a header `traceparent` (W3C Trace Context). */
function parentOf({ api }: Pick<Tracing, 'api'>, traceparent: string): TraceContext {
  const [, traceId, spanId, flags] = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})$/.exec(traceparent) ?? [];
  if (!traceId || !spanId || !api.isSpanContextValid({ traceId, spanId, traceFlags: 0 })) return api.ROOT_CONTEXT;
  return api.trace.setSpanContext(api.ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags ?? '0', 16) & api.TraceFlags.SAMPLED,
    isRemote: true,
  });
}
