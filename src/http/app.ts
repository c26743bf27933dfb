import type { RequestListener } from 'node:http';
import type Router from '@koa/router';
import Koa, { type Context, type Next } from 'koa';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { answerProblem, answerProblems, createOverloadLog } from './answer-problems.js';
import { auditRoutes } from './audit-routes.js';
import { batchRoute } from './batch-route.js';
import { commandRoutes } from './command-routes.js';
import { crossOrigin } from './cors.js';
import { openApiRoutes } from './openapi-routes.js';
import { operationsRoutes } from './operations-routes.js';
import { orderStreamRoute } from './order-stream.js';
import { problem } from './problems.js';
import { projectionRoutes } from './projection-routes.js';
import { queryRoutes } from './query-routes.js';
import { identifyRequest, requestState } from './request-state.js';
import { RequestsInHand } from './requests-in-hand.js';
import { createRoutes } from './routes.js';
import { securityHeaders } from './security-headers.js';
import type { Service } from './service.js';
import { webhookRoutes } from './webhook-routes.js';

/**
 * The Koa application of the service, behind what refuses requests that are too many.
 * @param api whether it takes commands and queries; otherwise it only tells of its health and its metrics.
 */
export function createApp(service: Service, registry: Registry, api: boolean): RequestListener {
  const app = new Koa();
  app.silent = true;
  const { router, route } = createRoutes(service.authenticate, service.rateLimit.limitRate);
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

  app.use(identifyRequest);
  app.use(observe(service, registry));
  app.use(securityHeaders(service.addresses));
  if (service.corsOrigins.length > 0) app.use(crossOrigin(service.corsOrigins));
  const inHand = new RequestsInHand();
  const logOverload = createOverloadLog(service.log);
  app.use(answerProblems(service.log, logOverload));
  app.use(inHand.count);
  app.use(methodNotAllowed(router));
  app.use(router.routes());
  const refused = new Counter({
    name: 'orders_requests_refused_total',
    help: 'Requests that were refused unseen, since as many as can be answered soon were in hand.',
    registers: [registry],
  });
  return inHand.refusing(app.callback(), (reason) => {
    refused.inc();
    logOverload(reason);
  });
}

/** Logs and measures each request: no bodies, no query strings, no personal data. */
function observe({ log }: Service, registry: Registry) {
  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'How long requests took, by route and status.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [registry],
  });
  return async (ctx: Context, next: Next) => {
    const started = process.hrtime.bigint();
    await next();
    ctx.res.once('close', () => {
      const seconds = Number(process.hrtime.bigint() - started) / 1e9;
      const route = String(ctx._matchedRoute ?? 'none');
      const { requestId, caller } = requestState(ctx);
      duration.observe({ method: ctx.method, route, status: ctx.status }, seconds);
      log.info(
        {
          request_id: requestId,
          ...(caller ? { actor: caller.subject } : {}),
          method: ctx.method,
          route,
          status: ctx.status,
          duration_ms: Math.round(seconds * 1e6) / 1e3,
        },
        'request',
      );
    });
  };
}

/** 405 with Allow where a path exists, but not with this method. */
function methodNotAllowed(router: Router) {
  return async (ctx: Context, next: Next) => {
    await next();
    if (ctx.status !== 404 || ctx.body) return;
    const allowed = new Set(router.match(ctx.path, ctx.method).path.flatMap((layer) => layer.methods));
    if (allowed.size === 0) return;
    ctx.set('Allow', [...allowed].sort().join(', '));
    answerProblem(ctx, problem('method-not-allowed', `${ctx.path} takes ${[...allowed].sort().join(', ')}.`));
  };
}
