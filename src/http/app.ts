import type { RequestListener } from 'node:http';
import Koa, { type Context, type Middleware, type Next } from 'koa';
import { Counter, Gauge, type Registry } from 'prom-client';
import { crossOrigin } from './middleware/cors.js';
import { InFlightRequests } from './middleware/in-flight-requests.js';
import { createOverloadLog, problemResponses } from './middleware/problem-responses.js';
import { createRequestDurations } from './middleware/request-durations.js';
import { identifyRequest } from './request/request-context.js';
import { auditRoutes } from './routes/audit-routes.js';
import { batchRoute } from './routes/batch-route.js';
import { commandRoutes } from './routes/command-routes.js';
import type { Service } from './routes/dependencies.js';
import { openApiRoutes } from './routes/docs-routes.js';
import { operationsRoutes } from './routes/health-routes.js';
import { orderStreamRoute } from './routes/order-stream-route.js';
import { projectionRoutes } from './routes/projection-routes.js';
import { queryRoutes } from './routes/query-routes.js';
import { createRouter } from './routes/router.js';
import { webhookRoutes } from './routes/webhook-routes.js';

/**
 * The Koa application of the service, behind what refuses requests that are too many.
 * @param api whether it takes commands and queries; otherwise it only tells of its health and its metrics.
 */
export function createApp(service: Service, registry: Registry, api: boolean): RequestListener {
  const app = new Koa();
  app.silent = true;
  const { route, dispatch, methodsOf } = createRouter(service.authenticate, service.rateLimit.limitRate);
  // The order matters: /orders/batch, /orders/metrics and /orders/stream come before /orders/{order_id}.
  if (api) {
    batchRoute(route, service);
    orderStreamRoute(route, service);
    queryRoutes(route, service);
    projectionRoutes(route, service);
    auditRoutes(route, service);
    commandRoutes(route, service);
    webhookRoutes(route, service);
    openApiRoutes(route);
  }
  operationsRoutes(route, service, registry);

  new Gauge({
    name: 'orders_event_streams',
    help: 'Readers of Server-Sent Event streams.',
    registers: [registry],
    collect() {
      this.set(service.streams.size);
    },
  });

  app.use(receive(service, registry));
  if (service.corsOrigins.length > 0) app.use(crossOrigin(service.corsOrigins));
  const inHand = new InFlightRequests();
  const logOverload = createOverloadLog(service.log);
  app.use(problemResponses({ log: service.log, logOverload, inHand, methodsOf }));
  app.use(dispatch);
  const refused = new Counter({
    name: 'orders_requests_refused_total',
    help: 'Requests that were refused unseen, since as many as can be answered soon were in hand.',
    registers: [registry],
  });
  return inHand.shedding(app.callback(), (reason) => {
    refused.inc();
    logOverload(reason);
  });
}

/** The first that every request passes: gives it its id and its headers, and logs and measures it. No bodies, no query strings, no personal data. */
function receive({ log, addresses }: Service, registry: Registry): Middleware {
  const measure = createRequestDurations(registry);
  return async (ctx: Context, next: Next) => {
    const startedMs = performance.now();
    const state = identifyRequest(ctx);
    // Who came by TLS is told to keep to that.
    if (addresses.isSecure(ctx.req)) ctx.res.setHeader('Strict-Transport-Security', 'max-age=31536000');
    await next();
    ctx.res.on('close', () => {
      const tookMs = performance.now() - startedMs;
      const { method = '' } = ctx.req;
      const { statusCode: status } = ctx.res;
      const route = String(ctx._matchedRoute ?? 'none');
      measure({ method, route, status, seconds: tookMs / 1e3 });
      if (!log.isLevelEnabled('info')) return;
      const { requestId: request_id, caller } = state;
      const actor = caller ? { actor: caller.subject } : {};
      log.info({ request_id, ...actor, method, route, status, duration_ms: Math.round(tookMs * 1e3) / 1e3 }, 'request');
    });
  };
}
