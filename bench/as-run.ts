import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { migrate } from '../src/event-log/migrate.js';
import { debianPostgres, startPrimary } from '../test/support/debian-postgres.js';
import { type Bench, type BenchResult, type Comparison, compare, type Measurement, median } from './benchmark.js';
import { type LoadGenerator, loadGenerator } from './outside-load.js';
import { type ServerProcess, startBaseline, startService } from './processes.js';

type Env = Readonly<Record<string, string>>;

/** The level at which requests are logged, which is the default. */
const requestLogs = { LOG_LEVEL: 'info' };
const firstSeconds = 5;

/**
 * The service as users run it: requests logged, a PostgreSQL as its package sets it up, the first
 * seconds after a start, and a load from outside. Each figure is measured on a process started for
 * it.
 */
export async function asRun(bench: Bench): Promise<BenchResult> {
  const generator = await loadGenerator();
  bench.say(`load: ${generator.name}`);
  const env = { DATABASE_URL: await bench.newDatabase(), REDIS_URL: bench.servers.redisUrl, ...requestLogs };
  const place = async (further: Env): Promise<number> => (await warmLoad(bench, generator, further)).perSecond;
  const what = 'POST /orders with request logs, 64 connections, respond-async';
  const unit = 'orders/s';
  const logs = await compare(
    bench,
    { name: 'place-logs', what, baseline: 'without request logs', unit, target: { atLeast: 0.85 } },
    () => place(env),
    () => place({ ...env, LOG_LEVEL: 'warn' }),
  );
  const start = await afterStart(bench, generator, env);
  const stock = await onStockPostgres(bench, env, place);
  const metrics = await readMetrics(bench, generator, env);
  return { comparisons: [logs, ...start.comparisons, ...stock, metrics], measurements: start.measurements };
}

async function warmLoad(bench: Bench, generator: LoadGenerator, env: Env) {
  const service = await startService(env);
  try {
    await generator.placeOrders(service.url, firstSeconds);
    return await generator.placeOrders(service.url, bench.seconds);
  } finally {
    await service.stop();
  }
}

/** The first seconds of a process against the same process after them. */
async function afterStart(bench: Bench, generator: LoadGenerator, env: Env): Promise<BenchResult> {
  const p99s: number[] = [];
  let service: ServerProcess | undefined;
  const first = async () => {
    await service?.stop();
    service = await startService(env);
    const { perSecond, p99 } = await generator.placeOrders(service.url, firstSeconds);
    p99s.push(p99);
    return perSecond;
  };
  const warm = async () => {
    if (!service) await first();
    return (await generator.placeOrders(service?.url ?? '', bench.seconds)).perSecond;
  };
  try {
    const comparison = await compare(
      bench,
      {
        ...{ name: 'place-first', what: `POST /orders in the first ${firstSeconds} seconds of a process` },
        ...{ baseline: 'the same process after them', unit: 'orders/s', target: { atLeast: 0.6 } },
      },
      first,
      warm,
    );
    const what = `POST /orders in the first ${firstSeconds} seconds of a process: 99 % answered within`;
    return {
      comparisons: [comparison],
      measurements: [{ name: 'place-first-p99', what, unit: 'ms', figure: median(p99s) } satisfies Measurement],
    };
  } finally {
    await service?.stop();
  }
}

/** On a PostgreSQL with the settings of Debian's package, against the embedded one. */
async function onStockPostgres(
  bench: Bench,
  env: Env,
  place: (further: Env) => Promise<number>,
): Promise<readonly Comparison[]> {
  const bin = await debianPostgres();
  if (bin === undefined) {
    bench.say('no PostgreSQL of a Debian package is installed: the comparison with it is left out');
    return [];
  }
  const folder = await mkdtemp(join(tmpdir(), 'orders-stock-'));
  // PostgreSQL runs as another user.
  await chmod(folder, 0o755);
  const server = await startPrimary(bin, join(folder, 'data'));
  try {
    const admin = new pg.Client({ connectionString: server.url('postgres') });
    await admin.connect();
    await admin.query('create database orders');
    await admin.end();
    await migrate(server.url('orders'), 16);
    const stock = { ...env, DATABASE_URL: server.url('orders') };
    return [
      await compare(
        bench,
        {
          ...{ name: 'place-stock', what: 'POST /orders on a PostgreSQL with the settings of its package' },
          ...{ baseline: 'on the embedded PostgreSQL', unit: 'orders/s', target: { atLeast: 0.9 } },
        },
        () => place(stock),
        () => place(env),
      ),
    ];
  } finally {
    await server.child.stop('SIGQUIT');
    await rm(folder, { recursive: true, force: true });
  }
}

/** GET /orders/metrics against Koa and a GET of the same bytes. */
async function readMetrics(bench: Bench, generator: LoadGenerator, env: Env): Promise<Comparison> {
  const key = 'bench:metrics';
  const redis = new Redis(bench.servers.redisUrl);
  const throughput = async (start: () => Promise<ServerProcess>, path: string) => {
    const server = await start();
    try {
      if (path === '/orders/metrics') await redis.set(key, await (await fetch(server.url + path)).text());
      await generator.read(server.url, path, bench.seconds / 2);
      return (await generator.read(server.url, path, bench.seconds)).perSecond;
    } finally {
      await server.stop();
    }
  };
  try {
    return await compare(
      bench,
      {
        ...{ name: 'metrics', what: 'GET /orders/metrics, 64 connections', unit: 'requests/s' },
        ...{ baseline: 'Koa and a Redis GET of the same bytes', target: { atLeast: 0.8 } },
      },
      () => throughput(() => startService({ ...env, LOG_LEVEL: 'warn' }), '/orders/metrics'),
      () => throughput(() => startBaseline('redis-get', env), `/${encodeURIComponent(key)}`),
    );
  } finally {
    await redis.del(key);
    redis.disconnect();
  }
}
