import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { verifyLog } from '../src/audit/verify-log.js';
import { createPool, type LogSettings, type Pool, readLogSettings } from '../src/event-log/database.js';
import { readHeads } from '../src/event-log/heads/read-heads.js';
import { allProjections } from '../src/projections/all-projections.js';
import { createKeys } from '../src/read-models/keys.js';
import { createRedis, type Redis } from '../src/read-models/redis/redis-client.js';
import { openProjector } from '../src/service/open-projector.js';
import { type Bench, type BenchResult, compare, type Measurement, partCeiling, processorCeiling } from './benchmark.js';
import { fillLog } from './fill-log.js';
import { peakBytes, startService } from './processes.js';
import { profileHere } from './profiles.js';

const silent = pino({ level: 'silent' });

/**
 * Replay and verification of a large log against COPY of the same rows out of PostgreSQL, and its
 * size in both servers.
 */
export async function largeLog(bench: Bench): Promise<BenchResult> {
  const databaseUrl = await bench.newDatabase();
  const pool = createPool(databaseUrl, 16);
  const redis = createRedis(bench.servers.redisUrl);
  try {
    const settings = await readLogSettings(pool);
    bench.say(`filling a log with ${bench.orders.toLocaleString('en')} orders of five events`);
    await fillLog(pool, settings, bench.orders);
    const events = (await readHeads(pool)).reduce((sum, { position }) => sum + position, 0);
    const copyOut = async () => events / (await seconds(() => copyOfEvents(databaseUrl)));
    const yardstick = 'COPY of the same rows out of PostgreSQL, in order of position';
    const unit = 'events/s';
    const replay = await compare(
      bench,
      {
        name: 'replay',
        what: `Replay of all read models, ${events.toLocaleString('en')} events`,
        yardstick,
        unit,
        target: { atLeast: 0.5 },
      },
      async () => {
        const took = await seconds(() => project(databaseUrl, pool, settings, redis));
        await removeReadModels(redis, settings);
        return events / took;
      },
      copyOut,
    );
    const verify = await compare(
      bench,
      { name: 'verify', what: 'Verification of all hash chains', yardstick, unit, target: { atLeast: 0.5 } },
      async () => {
        const { partitions } = settings;
        let findings = 0;
        const took = await seconds(async () => {
          findings = (await verifyLog({ pool, partitions, inParallel: 4 })).length;
        });
        if (findings > 0) throw new Error('the log is not intact');
        return events / took;
      },
      copyOut,
    );
    const peak = await peakOfReplay(databaseUrl, bench.servers.redisUrl);
    await removeReadModels(redis, settings);
    const description = { name: 'replay', what: 'Replay of all read models', unit: 'event' };
    const profile = await profileHere(description, events, () => project(databaseUrl, pool, settings, redis));
    await removeReadModels(redis, settings);
    return {
      comparisons: [{ ...replay, ceilings: [partCeiling(profile, 'Redis'), processorCeiling(profile)] }, verify],
      measurements: [peak, await bytesPerOrder(bench, redis), await bytesPerEvent(pool, events)],
      profiles: [profile],
    };
  } finally {
    redis.disconnect();
    await pool.end();
  }
}

/** Folds the whole log into new read models, as a start on an empty Redis does. */
async function project(url: string, pool: Pool, settings: LogSettings, redis: Redis): Promise<void> {
  const keys = createKeys(settings.logId);
  const { projector, close } = await openProjector({
    database: url,
    settings,
    pool,
    redis,
    keys,
    log: silent,
    owner: 'bench',
  });
  const wanted = allProjections.length * settings.partitions;
  for (;;) {
    const lags = projector.lags();
    if (lags.length === wanted && lags.every(({ lag }) => lag === 0)) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await close();
}

/** Removes all keys of this log, so that the next round starts empty. */
async function removeReadModels(redis: Redis, settings: LogSettings): Promise<void> {
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', `*orders:${settings.logId.slice(0, 8)}*`, 'COUNT', 5_000);
    cursor = next;
    if (keys.length > 0) await redis.unlink(...keys);
  } while (cursor !== '0');
}

async function copyOfEvents(databaseUrl: string): Promise<void> {
  const copy = 'copy (select * from events order by partition, "position") to stdout';
  await promisify(execFile)('bash', ['-c', `psql "$URL" -qc '${copy}' > /dev/null`], {
    env: { ...process.env, URL: databaseUrl },
  });
}

/** Redis bytes per order, measured on a log of orders with four events each. */
async function bytesPerOrder(bench: Bench, redis: Redis): Promise<Measurement> {
  const url = await bench.newDatabase();
  const pool = createPool(url, 16);
  try {
    const settings = await readLogSettings(pool);
    const orders = Math.ceil(bench.orders / 2);
    await fillLog(pool, settings, orders, 4);
    const before = await usedMemory(redis);
    await project(url, pool, settings, redis);
    const figure = ((await usedMemory(redis)) - before) / orders;
    await removeReadModels(redis, settings);
    const what = 'Redis for an order with four events, all read models';
    return { name: 'redis-bytes', what, unit: 'bytes', figure, atMost: 1_500 };
  } finally {
    await pool.end();
  }
}

/** Peak memory of a process that finds no read models and fills them. */
async function peakOfReplay(databaseUrl: string, redisUrl: string): Promise<Measurement> {
  const service = await startService({ DATABASE_URL: databaseUrl, REDIS_URL: redisUrl });
  try {
    for (;;) {
      const answer = await fetch(`${service.url}/projections`);
      const { projections } = (await answer.json()) as {
        projections: { lag: number; partitions: { head: number }[] }[];
      };
      if (projections.every(({ lag, partitions }) => lag === 0 && partitions.some(({ head }) => head > 0))) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const figure = (await peakBytes(service)) / 1e6;
    const what = 'Memory of a process at its peak, after it has replayed the large log';
    return { name: 'replay-memory', what, unit: 'MB', figure, atMost: 300 };
  } finally {
    await service.stop();
  }
}

async function bytesPerEvent(pool: Pool, events: number): Promise<Measurement> {
  const { rows } = await pool.query<{ bytes: number }>(`select pg_total_relation_size('events') as bytes`);
  const figure = (rows[0]?.bytes ?? 0) / events;
  return { name: 'postgres-bytes', what: 'PostgreSQL for an event, with indexes', unit: 'bytes', figure, atMost: 450 };
}

async function usedMemory(redis: Redis): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
}

async function seconds(task: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await task();
  return (performance.now() - begun) / 1_000;
}
