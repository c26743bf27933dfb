import type { RequestListener } from 'node:http';
import Koa, { type Middleware } from 'koa';
import { Counter, Gauge, type Registry } from 'prom-client';
import { rejectAmbiguousMessages } from './ambiguous-message.js';
import { createAdmission } from './middleware/admission.js';
import { crossOrigin } from './middleware/cors.js';
import { logCutResponses } from './middleware/cut-responses.js';
import { createPlaces, type Places } from './middleware/in-flight-requests.js';
import { shedLoad } from './middleware/load-shedding.js';
import { observeRequests } from './middleware/observe-requests.js';
import { createOverloadLog } from './middleware/overload-log.js';
import { problemResponses } from './middleware/problem-responses.js';
import { rejectForeignRequests } from './request/foreign-request.js';
import { createRequestBudgets, setRequestBudgets } from './request/request-budgets.js';
import type { HttpDependencies } from './routes/dependencies.js';
import { type AddRoute, createRouter } from './routes/router.js';

/** Everything that the application needs besides its routes. */
export type AppDependencies = Pick<
  HttpDependencies,
  'authenticate' | 'redeemTicket' | 'rateLimit' | 'addresses' | 'corsOrigins' | 'streams' | 'log'
> &
  Partial<Pick<HttpDependencies, 'budgets' | 'places' | 'continuity' | 'isAccessControlled'>> & {
    /** Traces each request; undefined if nothing is traced. */
    readonly trace?: Middleware | undefined;
  };

/**
 * The Koa application of the service: its routes, behind the middleware that every request passes
 * and behind load shedding.
 */
export function createApp(
  dependencies: AppDependencies,
  registry: Registry,
  addRoutes: (route: AddRoute) => void,
): RequestListener {
  const { authenticate, redeemTicket, rateLimit, addresses, corsOrigins, streams, log } = dependencies;
  const { budgets = createRequestBudgets(), places = createPlaces(), continuity } = dependencies;
  const { limitRate } = rateLimit;
  const admission = createAdmission({ authenticate, redeemTicket, limitRate, addresses, places });
  const { route, dispatch, methodsOf } = createRouter(admission, continuity?.assertIntact);
  addRoutes(route);

  const app = new Koa();
  app.on('error', logCutResponses(log));
  const logOverload = createOverloadLog(log);
  app.use((ctx, next) => {
    setRequestBudgets(ctx, budgets);
    return next();
  });
  app.use(observeRequests(log, addresses, registry));
  if (dependencies.trace) app.use(dependencies.trace);
  if (corsOrigins.length > 0) app.use(crossOrigin(corsOrigins));
  app.use(problemResponses({ log, logOverload, methodsOf }));
  app.use(rejectAmbiguousMessages());
  if (dependencies.isAccessControlled === false) app.use(rejectForeignRequests(corsOrigins));
  app.use(dispatch);

  measurePlaces(registry, places);
  new Gauge({
    name: 'orders_event_streams',
    help: 'Open Server-Sent Event streams.',
    registers: [registry],
    collect() {
      this.set(streams.size);
    },
  });
  const shed = new Counter({
    name: 'orders_requests_shed_total',
    help: 'Requests rejected with 503 before they were read, because the limit of requests in flight was reached.',
    registers: [registry],
  });
  return shedLoad(app.callback(), admission, (reason) => {
    shed.inc();
    logOverload(reason);
  });
}

/** Registers how many requests are in flight. */
function measurePlaces(registry: Registry, places: Places): void {
  new Gauge({
    name: 'orders_requests_in_flight',
    help: 'Requests in flight, by kind: reads, writes, or waits (for a read model to reach a position).',
    labelNames: ['kind'],
    registers: [registry],
    collect() {
      for (const kind of ['reads', 'writes', 'waits'] as const) this.set({ kind }, places[kind].inUse);
    },
  });
}
