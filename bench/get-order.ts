import { Redis } from 'ioredis';
import { type Bench, type BenchResult, compare } from './benchmark.js';
import { load } from './http-load.js';
import { placeRequest } from './placed-orders.js';
import { startService, startYardstick } from './processes.js';

const connections = 64;
const ordersRead = 500;

/** GET /orders/{id} against Koa and a GET of the same bytes. */
export async function getOrder(bench: Bench): Promise<BenchResult> {
  const env = { DATABASE_URL: await bench.newDatabase(), REDIS_URL: bench.servers.redisUrl };
  const service = await startService(env);
  const bare = await startYardstick('redis-get', env);
  const redis = new Redis(bench.servers.redisUrl);
  try {
    const ids: string[] = [];
    for (let nth = 0; nth < ordersRead; nth += 1) {
      const { path, body = '' } = placeRequest();
      const answer = await fetch(service.url + path, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json' },
      });
      ids.push(((await answer.json()) as { order_id: string }).order_id);
    }
    for (const id of ids) {
      await redis.set(`bench:${id}`, await (await fetch(`${service.url}/orders/${id}`)).text());
    }
    let nth = 0;
    const throughput = async (url: string, path: (id: string) => string) => {
      const next = () => {
        nth += 1;
        return { method: 'GET', path: path(ids[nth % ids.length] ?? '') };
      };
      return (await load(url, connections, bench.seconds, next)).perSecond;
    };
    return {
      comparisons: [
        await compare(
          bench,
          {
            name: 'get',
            what: 'GET /orders/{id}, 64 connections',
            yardstick: 'Koa and a Redis GET of the same bytes',
            unit: 'requests/s',
            target: { atLeast: 0.8 },
          },
          () => throughput(service.url, (id) => `/orders/${id}`),
          () => throughput(bare.url, (id) => `/${encodeURIComponent(`bench:${id}`)}`),
        ),
      ],
      measurements: [],
    };
  } finally {
    redis.disconnect();
    await Promise.all([service.stop(), bare.stop()]);
  }
}
