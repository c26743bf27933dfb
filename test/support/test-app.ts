import { pino } from 'pino';
import { Registry } from 'prom-client';
import { authenticateNobody } from '../../src/access/authenticate.js';
import { type AppDependencies, createApp } from '../../src/http/app.js';
import { unlimitedRate } from '../../src/http/middleware/rate-limit.js';
import { createClientAddresses } from '../../src/http/request/client-address.js';
import { createRequestBudgets, type RequestBudgets } from '../../src/http/request/request-budgets.js';
import { EventStreams } from '../../src/http/response/event-streams.js';
import type { AddRoute } from '../../src/http/routes/router.js';
import { type HttpServerOptions, startHttpServer } from '../../src/http/server.js';

/** The application with routes of a test, behind the middleware and the server of the service. */
export interface TestApp {
  readonly url: string;
  readonly port: number;
  readonly budgets: RequestBudgets;
  /** The lines of the log. */
  readonly logged: readonly Record<string, unknown>[];
  /** The metrics, in the text format of Prometheus. */
  metrics(): Promise<string>;
  stop(): Promise<void>;
}

export async function startTestApp(
  addRoutes: (route: AddRoute) => void,
  given: Partial<RequestBudgets> = {},
  options: Pick<Partial<AppDependencies>, 'places'> & Pick<HttpServerOptions, 'timeouts'> = {},
): Promise<TestApp> {
  const budgets = { ...createRequestBudgets(), ...given };
  const registry = new Registry();
  const logged: Record<string, unknown>[] = [];
  const dependencies = {
    authenticate: authenticateNobody,
    rateLimit: unlimitedRate,
    addresses: createClientAddresses([]),
    corsOrigins: [],
    streams: new EventStreams(),
    log: pino({ level: 'info' }, { write: (line: string) => logged.push(JSON.parse(line)) }),
    budgets,
    ...options,
  };
  const server = await startHttpServer(createApp(dependencies, registry, addRoutes), '127.0.0.1', 0, options);
  return {
    url: server.url,
    port: Number(new URL(server.url).port),
    budgets,
    logged,
    metrics: () => registry.metrics(),
    stop: () => server.drain(0),
  };
}
