import { randomUUID } from 'node:crypto';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import Router from '@koa/router';
import Koa from 'koa';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { authenticateNobody } from '../src/access/authenticate.js';
import type { HandleCommand } from '../src/commands/command-outcome.js';
import { createPool } from '../src/event-log/database.js';
import { createApp } from '../src/http/app.js';
import { createLargeCommands } from '../src/http/middleware/heavy-queries.js';
import { createPlaces } from '../src/http/middleware/in-flight-requests.js';
import { unlimitedRate } from '../src/http/middleware/rate-limit.js';
import { createClientAddresses } from '../src/http/request/client-address.js';
import { EventStreams } from '../src/http/response/event-streams.js';
import { commandRoutes } from '../src/http/routes/command-routes.js';
import { startHttpServer } from '../src/http/server.js';
import { LogEpochs } from '../src/log-epochs.js';
import { decideFirst } from '../src/orders/decisions/decide.js';
import { fold } from '../src/orders/evolve.js';
import { orderPartition } from '../src/orders/values/partition.js';
import { createRedis } from '../src/read-models/redis/redis-client.js';

/**
 * The baselines of the service, as a process of their own like the service:
 * - no-append: the service's application with its validation and responses, but no append.
 * - insert: the same, with one transaction per command that inserts one row: no batching, no chain.
 * - redis-get: Koa and a GET of the key that the path names.
 */
const [mode = ''] = process.argv.slice(2);

if (mode === 'redis-get') {
  // Node's own server, without what the service adds to it.
  const bare = redisGet().listen(0, '127.0.0.1', () => {
    console.log(`listening on http://127.0.0.1:${(bare.address() as AddressInfo).port}`);
  });
} else {
  const app = theApplication(mode === 'insert' ? insertEach() : appendNothing());
  console.log(`listening on ${(await startHttpServer(app, '127.0.0.1', 0)).url}`);
}
process.on('SIGTERM', () => process.exit(0));

function theApplication(handleCommand: HandleCommand): RequestListener {
  const dependencies = {
    authenticate: authenticateNobody,
    rateLimit: unlimitedRate,
    addresses: createClientAddresses([]),
    corsOrigins: [],
    streams: new EventStreams(),
    log: pino({ level: 'warn' }),
  };
  // The load sends commands only.
  return createApp(dependencies, new Registry(), (route) =>
    commandRoutes(route, {
      handleCommand,
      applied: { wait: async () => false, reached: async () => false },
      models: { projections: [], epochs: new LogEpochs() },
      places: createPlaces(),
      runLargeCommand: createLargeCommands(),
      defaultCurrency: 'USD',
    }),
  );
}

/** Decides as the service does, and responds with the resulting order. */
function appendNothing(
  store: (orderId: string, type: string, data: string, metadata: string) => Promise<void> = async () => undefined,
): HandleCommand {
  return async (request) => {
    const decision = decideFirst(request.command);
    if ('rejected' in decision) return { outcome: 'rejected', rejection: decision };
    const { orderId, actor } = request;
    const at = new Date().toISOString();
    const events = decision.map((event, index) => ({
      ...event,
      ...{ orderId, version: index + 1, occurredAt: at, recordedAt: at, metadata: { schema: 1, actor } },
    }));
    for (const { type, data, metadata } of events) {
      await store(orderId, type, JSON.stringify(data), JSON.stringify({ ...metadata, request_id: request.requestId }));
    }
    const order = fold(events);
    if (!order) throw new Error('a place leads to an order');
    return { outcome: 'handled', order, partition: orderPartition(orderId, 16), position: 1, replayed: false };
  };
}

function insertEach(): HandleCommand {
  const pool = createPool(process.env.DATABASE_URL ?? '', 10);
  return appendNothing(async (orderId, type, data, metadata) => {
    await pool.query({
      name: 'insert-one',
      text: 'insert into single_events (id, order_id, type, data, metadata, at) values ($1, $2, $3, $4, $5, now())',
      values: [randomUUID(), orderId, type, data, metadata],
    });
  });
}

function redisGet(): Koa {
  const redis = createRedis(process.env.REDIS_URL ?? '');
  const router = new Router();
  router.get('/:key', async (ctx) => {
    ctx.body = await redis.get(String(ctx.params.key));
    ctx.type = 'application/json';
  });
  const bare = new Koa();
  bare.use(router.routes());
  return bare;
}
