import { Redis } from 'ioredis';
import { type Bench, type BenchResult, compare } from './benchmark.js';
import { load } from './http-load.js';
import { placeRequest } from './placed-orders.js';
import { type ServerProcess, startBaseline, startService } from './processes.js';

const connections = 64;
const ordersRead = 500;

/** GET /orders/{id} against Koa and a GET of the same bytes. */
export async function getOrder(bench: Bench): Promise<BenchResult> {
  const env = { DATABASE_URL: await bench.newDatabase(), REDIS_URL: bench.servers.redisUrl };
  const filling = await startService(env);
  const redis = new Redis(bench.servers.redisUrl);
  const ids: string[] = [];
  try {
    for (let nth = 0; nth < ordersRead; nth += 1) {
      const { path, body = '' } = placeRequest();
      const answer = await fetch(filling.url + path, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json' },
      });
      ids.push(((await answer.json()) as { order_id: string }).order_id);
    }
    for (const id of ids) {
      await redis.set(`bench:${id}`, await (await fetch(`${filling.url}/orders/${id}`)).text());
    }
  } finally {
    redis.disconnect();
    await filling.stop();
  }
  let nth = 0;
  /**
   * Measured on a process started for it: two processes of the same code can differ by more than
   * the difference in question.
   */
  const throughput = async (start: () => Promise<ServerProcess>, path: (id: string) => string) => {
    const server = await start();
    const next = () => {
      nth += 1;
      return { method: 'GET', path: path(ids[nth % ids.length] ?? '') };
    };
    try {
      await load(server.url, connections, bench.seconds / 2, next);
      return (await load(server.url, connections, bench.seconds, next)).perSecond;
    } finally {
      await server.stop();
    }
  };
  return {
    comparisons: [
      await compare(
        bench,
        {
          name: 'get',
          what: 'GET /orders/{id}, 64 connections',
          baseline: 'Koa and a Redis GET of the same bytes',
          unit: 'requests/s',
          target: { atLeast: 0.8 },
        },
        () =>
          throughput(
            () => startService(env),
            (id) => `/orders/${id}`,
          ),
        () =>
          throughput(
            () => startBaseline('redis-get', env),
            (id) => `/${encodeURIComponent(`bench:${id}`)}`,
          ),
      ),
    ],
    measurements: [],
  };
}
