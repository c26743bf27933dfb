import type { Registry } from 'prom-client';
import type { ResponseBody } from '../contract/response-schemas.js';
import { httpLimits as limits } from '../limits.js';
import { shareFor } from '../shared-calls.js';
import type { HttpDependencies } from './dependencies.js';
import type { AddRoute } from './router.js';

/** Liveness, readiness and Prometheus metrics, for probes and scrapers. */
export function healthRoutes(route: AddRoute, { health }: Pick<HttpDependencies, 'health'>, registry: Registry): void {
  // Anybody may ask; collecting the metrics takes milliseconds.
  const metrics = shareFor(limits.metricsSharedMs, () => registry.metrics());
  route('isLive', (ctx) => {
    ctx.body = { status: 'live' } satisfies ResponseBody<'Live'>;
  });

  route('isReady', async (ctx) => {
    const found = await health();
    ctx.status = found.status === 'not-ready' ? 503 : 200;
    ctx.set('Cache-Control', 'no-store');
    if (ctx.status === 503) ctx.set('Retry-After', '2');
    ctx.body = found satisfies ResponseBody<'Health'>;
  });

  // This process may be able to serve requests while the service breaks a promise.
  route('getHealth', async (ctx) => {
    const { status, checks } = await health();
    const isOk = status === 'ready';
    ctx.status = isOk ? 200 : 503;
    ctx.set('Cache-Control', 'no-store');
    ctx.body = { status: isOk ? 'ok' : 'broken', checks } satisfies ResponseBody<'ServiceHealth'>;
  });

  route('getServiceMetrics', async (ctx) => {
    ctx.body = await metrics();
    ctx.set('Content-Type', registry.contentType);
  });
}
