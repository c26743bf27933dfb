import pg from 'pg';
import { createRedis } from '../src/read-models/redis/redis-client.js';
import { type Bench, type BenchResult, compare, median } from './benchmark.js';
import { headerOf, openConnection } from './connection.js';
import { offer, p99 } from './http-load.js';
import { placeRequest, respondAsync } from './placed-orders.js';
import { startService } from './processes.js';

/** Orders placed per second meanwhile. */
const rate = 1_000;
const callers = 200;

/**
 * The time from an order's durable response until a query shows it, against the bare steps between
 * the two.
 */
export async function visible(bench: Bench): Promise<BenchResult> {
  const databaseUrl = await bench.newDatabase();
  const service = await startService({ DATABASE_URL: databaseUrl, REDIS_URL: bench.servers.redisUrl });
  const sequence = await openSequence(databaseUrl, bench.servers.redisUrl);
  const caller = await openConnection(service.url);
  const all: number[] = [];
  /** Milliseconds from an order's response to that of a query that waits for it. */
  const sample = async (): Promise<number> => {
    const placed = await caller.exchange(placeRequest(respondAsync));
    const path = headerOf(placed.head, 'location') ?? '';
    const headers = { 'min-event-position': headerOf(placed.head, 'event-position') ?? '' };
    const begun = performance.now();
    const got = await caller.exchange({ method: 'GET', path, headers });
    if (got.status !== 200) throw new Error(`a query that waits for an order was answered with ${got.status}`);
    return performance.now() - begun;
  };
  const underLoad = async (): Promise<number> => {
    const samples: number[] = [];
    let loading = true;
    const background = offer(service.url, rate, bench.seconds, callers, () => placeRequest(respondAsync)).finally(
      () => {
        loading = false;
      },
    );
    while (loading) samples.push(await sample());
    await background;
    all.push(...samples);
    return median(samples);
  };
  try {
    const comparison = await compare(
      bench,
      {
        name: 'visible',
        what: `From the durable response to the query that shows it, at ${rate.toLocaleString('en')} orders/s, median`,
        baseline: 'an INSERT’s commit, a NOTIFY’s round trip and a Redis SET, one after the other',
        unit: 'ms',
        target: { atMost: 4 },
      },
      underLoad,
      async () => median(await sequence.times(200)),
    );
    const what = 'From the durable response to the query that shows it, 99 % within';
    return { comparisons: [comparison], measurements: [{ name: 'visible-p99', what, unit: 'ms', figure: p99(all) }] };
  } finally {
    caller.close();
    await sequence.close();
    await service.stop();
  }
}

async function openSequence(databaseUrl: string, redisUrl: string) {
  const client = new pg.Client({ connectionString: databaseUrl });
  const listener = new pg.Client({ connectionString: databaseUrl });
  const redis = createRedis(redisUrl);
  const document = 'x'.repeat(300);
  await Promise.all([client.connect(), listener.connect()]);
  await client.query('create table visible_baseline (document text)');
  await listener.query('listen visible_baseline');
  return {
    async times(count: number): Promise<number[]> {
      const times: number[] = [];
      for (let nth = 0; nth < count; nth += 1) {
        const begun = performance.now();
        await client.query('insert into visible_baseline values ($1)', [document]);
        const heard = new Promise((resolve) => listener.once('notification', resolve));
        await client.query('notify visible_baseline');
        await heard;
        await redis.set('visible_baseline', document);
        times.push(performance.now() - begun);
      }
      return times;
    },
    async close() {
      await redis.del('visible_baseline');
      redis.disconnect();
      await Promise.all([client.end(), listener.end()]);
    },
  };
}
