import { createPool, readLogSettings } from '../src/event-log/database.js';
import { type Bench, type BenchResult, type Comparison, compare } from './benchmark.js';
import { fillLog } from './fill-log.js';
import { load } from './http-load.js';
import { placeRequest, respondAsync } from './placed-orders.js';
import { type ServerProcess, startService } from './processes.js';

/**
 * A hundred more than a thousand, so that orders follow the thousandth page, as they do in a large
 * log: the last page of a list reads less than any other.
 */
const fewOrders = 1_100;
const connections = 8;
const projections = ['order-status', 'order-history', 'metrics', 'order-lookup'] as const;

/** The cost of queries with few and with many orders, and commands during a rebuild. */
export async function growth(bench: Bench): Promise<BenchResult> {
  // As many orders as the large log has events: a million by default.
  const manyOrders = bench.orders * 5;
  const few = await serviceWith(bench, fewOrders);
  const many = await serviceWith(bench, manyOrders);
  try {
    const comparisons: Comparison[] = [];
    const queries = [
      ['metrics', 'GET /orders/metrics', async () => '/orders/metrics'],
      ['first-page', 'GET /orders, first page of 50', async () => '/orders'],
      ['status-page', 'GET /orders?status=pending, first page of 50', async () => '/orders?status=pending'],
      ['thousandth-page', 'GET /orders?limit=1, thousandth page', thousandthPage],
    ] as const;
    for (const [name, what, pathOn] of queries) {
      const cost = async (service: ServerProcess) => {
        const path = await pathOn(service);
        const request = { method: 'GET', path };
        return 1e6 / (await load(service.url, connections, bench.seconds / 2, () => request)).perSecond;
      };
      comparisons.push(
        await compare(
          bench,
          {
            name,
            what: `${what}, with ${manyOrders.toLocaleString('en')} orders`,
            baseline: `the same with ${fewOrders.toLocaleString('en')}`,
            unit: 'µs per request',
            target: { atMost: 1.2 },
          },
          () => cost(many),
          () => cost(few),
        ),
      );
    }
    return { comparisons: [...comparisons, await duringRebuild(bench, many, manyOrders)], measurements: [] };
  } finally {
    await Promise.all([few.stop(), many.stop()]);
  }
}

async function duringRebuild(bench: Bench, service: ServerProcess, orders: number): Promise<Comparison> {
  const commands = async () => (await load(service.url, 64, bench.seconds, () => placeRequest(respondAsync))).perSecond;
  const each = (method: string) =>
    Promise.all(projections.map((name) => fetch(`${service.url}/projections/${name}/rebuild`, { method })));
  return compare(
    bench,
    {
      name: 'rebuilding',
      what: `POST /orders while ${orders.toLocaleString('en')} events are replayed into all read models`,
      baseline: 'the same without a rebuild',
      unit: 'orders/s',
      target: { atLeast: 0.7 },
    },
    async () => {
      await each('POST');
      await until('rebuilds to run', async () => (await rebuilds(service)) === projections.length);
      const perSecond = await commands();
      if ((await rebuilds(service)) < projections.length) throw new Error('the rebuild was over before the load');
      await each('DELETE');
      await until('rebuilds to end', async () => (await rebuilds(service)) === 0);
      return perSecond;
    },
    commands,
  );
}

interface ProjectionAnswer {
  readonly lag: number;
  readonly rebuild?: object | null;
  readonly partitions: readonly { readonly head: number }[];
}

async function projectionsOf(service: ServerProcess): Promise<ProjectionAnswer[]> {
  const answer = await fetch(`${service.url}/projections`);
  return ((await answer.json()) as { projections: ProjectionAnswer[] }).projections;
}

async function rebuilds(service: ServerProcess): Promise<number> {
  return (await projectionsOf(service)).filter(({ rebuild }) => rebuild).length;
}

/** A service whose read models have caught up with a log of placed orders. */
async function serviceWith(bench: Bench, orders: number): Promise<ServerProcess> {
  const databaseUrl = await bench.newDatabase();
  const pool = createPool(databaseUrl, 16);
  bench.say(`filling a log with ${orders.toLocaleString('en')} orders`);
  await fillLog(pool, await readLogSettings(pool), orders, 1);
  await pool.end();
  const env = { DATABASE_URL: databaseUrl, REDIS_URL: bench.servers.redisUrl };
  const filling = await startService(env);
  await until('the read models to be filled', async () => {
    const all = await projectionsOf(filling);
    const heads = all.map(({ partitions }) => partitions.reduce((sum, { head }) => sum + head, 0));
    return all.every(({ lag }) => lag === 0) && heads.every((head) => head === orders);
  });
  // Queries are measured on a process that has just started, so the filling does not affect them.
  await filling.stop();
  return startService(env);
}

/** The path of the thousandth page, by the cursors of the 999 before it. */
async function thousandthPage(service: ServerProcess): Promise<string> {
  let path = '/orders?limit=1';
  for (let page = 1; page < 1_000; page += 1) {
    const answer = (await (await fetch(service.url + path)).json()) as { next_cursor: string | null };
    if (!answer.next_cursor) throw new Error(`there are only ${page} pages`);
    path = `/orders?limit=1&cursor=${answer.next_cursor}`;
  }
  return path;
}

const untilTimeoutMs = 300_000;

async function until(what: string, is: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + untilTimeoutMs;
  while (!(await is())) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
