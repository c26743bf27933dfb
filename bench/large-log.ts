import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { verifyLog } from '../src/audit/verify-log.js';
import { createPool, type Pool, readLogSettings } from '../src/event-log/database.js';
import { readHeads } from '../src/event-log/heads/read-heads.js';
import { createRedis } from '../src/read-models/redis/redis-client.js';
import {
  type Bench,
  type BenchResult,
  compare,
  type Measurement,
  partCeiling,
  processorCeiling,
  secondsOf,
} from './benchmark.js';
import { fillLog } from './fill-log.js';
import { caughtUp, peakBytes, startService } from './processes.js';
import { profileHere } from './profiles.js';
import { project, removeReadModels } from './project-log.js';

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
    const copyOut = async () => events / (await secondsOf(() => copyOfEvents(databaseUrl)));
    const baseline = 'COPY of the same rows out of PostgreSQL, in order of position';
    const unit = 'events/s';
    const replay = await compare(
      bench,
      {
        name: 'replay',
        what: `Replay of all read models, ${events.toLocaleString('en')} events`,
        baseline,
        unit,
        target: { atLeast: 0.5 },
      },
      async () => {
        const took = await secondsOf(() => project(databaseUrl, pool, settings, redis));
        await removeReadModels(redis, settings);
        return events / took;
      },
      copyOut,
    );
    const verify = await compare(
      bench,
      { name: 'verify', what: 'Verification of all hash chains', baseline, unit, target: { atLeast: 0.5 } },
      async () => {
        const { partitions } = settings;
        let findings = 0;
        const took = await secondsOf(async () => {
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
      measurements: [peak, await bytesPerEvent(pool, events)],
      profiles: [profile],
    };
  } finally {
    redis.disconnect();
    await pool.end();
  }
}

async function copyOfEvents(databaseUrl: string): Promise<void> {
  const copy = 'copy (select * from events order by partition, "position") to stdout';
  await promisify(execFile)('bash', ['-c', `psql "$URL" -qc '${copy}' > /dev/null`], {
    env: { ...process.env, URL: databaseUrl },
  });
}

/** Peak memory of a process that finds no read models and fills them. */
async function peakOfReplay(databaseUrl: string, redisUrl: string): Promise<Measurement> {
  const service = await startService({ DATABASE_URL: databaseUrl, REDIS_URL: redisUrl });
  try {
    await caughtUp(service.url);
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
