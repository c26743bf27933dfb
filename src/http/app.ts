import type { RequestListener } from 'node:http';
import Koa, { type Context, type Middleware, type Next } from 'koa';
import { Counter, Gauge, type Registry } from 'prom-client';
import { crossOrigin } from './middleware/cors.js';
import { InFlightRequests } from './middleware/in-flight-requests.js';
import { createOverloadLog, problemResponses } from './middleware/problem-responses.js';
import { createRequestDurations } from './middleware/request-durations.js';
import { identifyRequest } from './request/request-context.js';
import type { HttpDependencies } from './routes/dependencies.js';
import { type AddRoute, createRouter } from './routes/router.js';

/** Everything that the application needs besides its routes. */
export type AppDependencies = Pick<
  HttpDependencies,
  'authenticate' | 'rateLimit' | 'addresses' | 'corsOrigins' | 'streams' | 'log'
>;

/** The Koa application of the service: its routes, behind the middleware that every request passes. */
export function createApp(
  dependencies: AppDependencies,
  registry: Registry,
  addRoutes: (route: AddRoute) => void,
): RequestListener {
  const app = new Koa();
  app.silent = true;
  const { authenticate, rateLimit, corsOrigins, streams, log } = dependencies;
  const { route, dispatch, methodsOf } = createRouter(authenticate, rateLimit.limitRate);
  addRoutes(route);

  new Gauge({
    name: 'orders_event_streams',
    help: 'Readers of Server-Sent Event streams.',
    registers: [registry],
    collect() {
      this.set(streams.size);
    },
  });

  app.use(receive(dependencies, registry));
  if (corsOrigins.length > 0) app.use(crossOrigin(corsOrigins));
  const inHand = new InFlightRequests();
  const logOverload = createOverloadLog(log);
  app.use(problemResponses({ log, logOverload, inHand, methodsOf }));
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
function receive({ log, addresses }: AppDependencies, registry: Registry): Middleware {
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
