import type { Registry } from 'prom-client';
import { auditRoutes } from './audit-routes.js';
import { batchRoute } from './batch-route.js';
import { commandRoutes } from './command-routes.js';
import type { HttpDependencies } from './dependencies.js';
import { healthRoutes } from './health-routes.js';
import { historyRoute } from './history-route.js';
import { accessRoutes } from './operators/access-routes.js';
import { cureRoutes } from './operators/cure-routes.js';
import { keyRoutes } from './operators/key-routes.js';
import { logRoutes } from './operators/log-routes.js';
import { systemRoutes } from './operators/system-routes.js';
import { orderStreamRoute, ticketRoute } from './order-stream-route.js';
import { consoleRoutes } from './pages/console.js';
import { docsRoutes } from './pages/docs-routes.js';
import { problemPages } from './pages/problem-pages.js';
import { projectionRoutes } from './projection-routes.js';
import { queryRoutes } from './query-routes.js';
import type { AddRoute } from './router.js';
import { webhookRoutes } from './webhook-routes.js';

/**
 * Adds the routes of every operation that this process serves.
 * @param api whether commands and queries are served; without them, health, metrics and pages are.
 */
export function addRoutes(route: AddRoute, dependencies: HttpDependencies, registry: Registry, api: boolean): void {
  // The order matters: /orders/batch, /orders/metrics and /orders/stream come before
  // /orders/{order_id}.
  if (api) {
    batchRoute(route, dependencies);
    orderStreamRoute(route, dependencies);
    queryRoutes(route, dependencies);
    historyRoute(route, dependencies);
    projectionRoutes(route, dependencies);
    ticketRoute(route, dependencies);
    auditRoutes(route, dependencies);
    commandRoutes(route, dependencies);
    webhookRoutes(route, dependencies);
    cureRoutes(route, dependencies);
    logRoutes(route, dependencies);
    keyRoutes(route, dependencies);
    systemRoutes(route, dependencies);
    docsRoutes(route);
  }
  accessRoutes(route, dependencies);
  consoleRoutes(route, dependencies);
  healthRoutes(route, dependencies, registry);
  problemPages(route);
}
