import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPool, type LogSettings, type Pool, readLogSettings } from '../src/event-log/database.js';
import { createStreamReader } from '../src/event-log/read/read-stream.js';
import { projectPath } from '../src/project-path.js';
import { createRedis } from '../src/read-models/redis/redis-client.js';
import { type Bench, type BenchResult, type Comparison, median, secondsOf } from './benchmark.js';
import { fillLog } from './fill-log.js';
import { load } from './http-load.js';
import { placeRequest, respondAsync } from './placed-orders.js';
import { caughtUp, commandFlags, peakBytes, startService } from './processes.js';
import { removeReadModels } from './project-log.js';

/** Orders of the small log, five events each. */
const fewOrders = 200_000;
const forgottenOrders = 300;

/** The figures of one log, by the name of a stage. Rates per second, times in milliseconds. */
type Figures = Readonly<Record<keyof typeof stages, number>>;

const stages = {
  append: ['Append of the events of many orders', 'events/s', { atLeast: 0.8 }],
  stream: ['Read of the stream of one order, median', 'ms', { atMost: 1.5 }],
  catchUp: ['Catching up from an empty Redis', 'events/s', { atLeast: 0.8 }],
  replay: ['orders replay order-status', 'events/s', { atLeast: 0.8 }],
  place: ['POST /orders, 64 connections, respond-async', 'orders/s', { atLeast: 0.8 }],
  verify: ['orders verify', 'events/s', { atLeast: 0.8 }],
  compare: ['orders verify --projections', 'orders/s', { atLeast: 0.8 }],
  forget: [`orders forget, a customer of ${forgottenOrders} orders`, 's', { atMost: 25 }],
  memory: ['Memory of the service at its peak, after it has caught up', 'MB', { atMost: 1.5 }],
} as const satisfies Record<string, readonly [what: string, unit: string, target: Comparison['target']]>;

/**
 * Everything that reads the whole log, on a log of `--orders` orders beside one of 200,000. Each is
 * measured once: 4,000,000 orders (20,000,000 events) take about an hour, 10 GB of disk and 10 GB
 * of memory. It is not part of a complete run.
 */
export async function logSize(bench: Bench): Promise<BenchResult> {
  const few = await figuresOf(bench, fewOrders);
  const many = await figuresOf(bench, bench.orders);
  const comparisons = (Object.keys(stages) as (keyof typeof stages)[]).map((name): Comparison => {
    const [what, unit, target] = stages[name];
    const [figure, baselineFigure] = [many[name], few[name]];
    return {
      name: `size-${name}`,
      what: `${what}, ${(5 * bench.orders).toLocaleString('en')} events`,
      baseline: `the same with ${(5 * fewOrders).toLocaleString('en')}`,
      ...{ unit, target, figure, baselineFigure, ratio: figure / baselineFigure },
      ...{ figures: [figure], baselineFigures: [baselineFigure] },
    };
  });
  return { comparisons, measurements: [] };
}

function figuresOf(bench: Bench, orders: number): Promise<Figures> {
  return bench.inNewDatabase(async (databaseUrl) => {
    const dir = await mkdtemp(join(tmpdir(), 'orders-size-'));
    const keyFile = join(dir, 'personal.key');
    await writeFile(keyFile, randomBytes(32).toString('base64'), { mode: 0o600 });
    const env = {
      ...{ DATABASE_URL: databaseUrl, REDIS_URL: bench.servers.redisUrl },
      ...{ ORDERS_PERSONAL_DATA_KEY_FILE: keyFile, ORDERS_DATA_DIR: dir },
    };
    const events = orders * 5;
    const report = (stage: keyof typeof stages, figure: number) => {
      const [what, unit] = stages[stage];
      bench.say(`${events.toLocaleString('en')} events: ${what}: ${figure.toFixed(1)} ${unit}`);
      return figure;
    };
    const pool = createPool(databaseUrl, 16);
    const redis = createRedis(bench.servers.redisUrl);
    try {
      const settings = await readLogSettings(pool);
      const append = report('append', events / (await secondsOf(() => fillLog(pool, settings, orders))));
      const stream = report('stream', await streamRead(pool, settings));
      let catchUp = 0;
      let memory = 0;
      let place = 0;
      const service = await startService(env);
      try {
        catchUp = report('catchUp', events / (await secondsOf(() => caughtUp(service.url))));
        memory = report('memory', (await peakBytes(service)) / 1e6);
        await placeOf(service.url, 'forgotten', forgottenOrders);
        place = report(
          'place',
          (await load(service.url, 64, 2 * bench.seconds, () => placeRequest(respondAsync))).perSecond,
        );
      } finally {
        await service.stop();
      }
      const timed = (...args: string[]) => secondsOf(() => runCommand(env, args));
      // Before the replay: the generation that it replaces stays for a while and has the person.
      const forget = report('forget', await timed('forget', 'forgotten', '--reason', 'bench', '--yes'));
      const replay = report('replay', events / (await timed('replay', 'order-status')));
      const verify = report('verify', events / (await timed('verify')));
      const compare = report('compare', orders / (await timed('verify', '--projections')));
      return { append, stream, catchUp, replay, place, verify, compare, forget, memory };
    } finally {
      await removeReadModels(redis, await readLogSettings(pool));
      redis.disconnect();
      await pool.end();
      await rm(dir, { recursive: true, force: true });
    }
  });
}

/** The median time of reading a stream, one after the other, in milliseconds. */
async function streamRead(pool: Pool, settings: LogSettings): Promise<number> {
  const { rows } = await pool.query<{ order_id: string }>(
    `select order_id from events where partition = 0 and "position" % $1 = 0 and version = 1 limit 500`,
    [97],
  );
  const readStream = createStreamReader(pool, settings);
  const times: number[] = [];
  for (const { order_id } of rows) times.push(1_000 * (await secondsOf(() => readStream(order_id))));
  return median(times);
}

/** Places orders of one customer, one after the other. */
async function placeOf(url: string, userId: string, orders: number): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ user_id: userId, item_ids: ['a'], total_amount: 1 });
  for (let nth = 0; nth < orders; nth += 1) {
    const answer = await fetch(`${url}/orders`, { method: 'POST', headers, body });
    if (answer.status !== 201) throw new Error(`an order was answered with ${answer.status}: ${await answer.text()}`);
    await answer.arrayBuffer();
  }
}

async function runCommand(env: Record<string, string>, args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [...commandFlags(), projectPath('scripts/orders.mjs'), ...args], {
    env: { ...process.env, LOG_LEVEL: 'error', ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`orders ${args.join(' ')} ended with ${code}`);
}
