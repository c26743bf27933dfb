import pg from 'pg';
import { type Bench, type BenchResult, compare, type Profile, processorCeiling } from './benchmark.js';
import { load } from './http-load.js';
import { placeRequest, respondAsync } from './placed-orders.js';
import { startBaseline, startProfiledService, startService } from './processes.js';
import { profileUnderLoad } from './profiles.js';

const connections = 64;
const waiting = 'POST /orders that waits for the projections';

/**
 * POST /orders against the same application without the append, and against single inserts; waiting
 * for the projections against not waiting.
 */
export async function placeOrders(bench: Bench): Promise<BenchResult> {
  const databaseUrl = await bench.newDatabase();
  const env = { DATABASE_URL: databaseUrl, REDIS_URL: bench.servers.redisUrl };
  const owner = new pg.Client({ connectionString: databaseUrl });
  await owner.connect();
  await owner.query(
    'create table single_events (id uuid primary key, order_id uuid, type text, data json, metadata json, at timestamptz); grant insert on single_events to orders_service',
  );
  await owner.end();
  const service = await startService(env);
  const noAppend = await startBaseline('no-append', env);
  const insert = await startBaseline('insert', env);
  const throughput = async (url: string, headers: Readonly<Record<string, string>>) =>
    (await load(url, connections, bench.seconds, () => placeRequest(headers))).perSecond;
  const what = 'POST /orders, 64 connections, respond-async, one process with projectors';
  const unit = 'orders/s';
  try {
    const place = await compare(
      bench,
      { name: 'place', what, baseline: 'the same application without the append', unit, target: { atLeast: 0.5 } },
      () => throughput(service.url, respondAsync),
      () => throughput(noAppend.url, respondAsync),
    );
    const placeInsert = await compare(
      bench,
      { name: 'place-insert', what, baseline: 'one transaction per order, one row', unit, target: { atLeast: 2 } },
      () => throughput(service.url, respondAsync),
      () => throughput(insert.url, respondAsync),
    );
    const wait = await compare(
      bench,
      {
        name: 'place-wait',
        what: waiting,
        baseline: 'with respond-async',
        unit,
        target: { atLeast: 0.8 },
      },
      () => throughput(service.url, {}),
      () => throughput(service.url, respondAsync),
    );
    const profile = await profileOfWaiting(bench);
    const withoutAppend = { what: 'the same application without the append', figure: place.baselineFigure };
    return {
      comparisons: [
        place,
        { ...placeInsert, ceilings: [withoutAppend] },
        { ...wait, ceilings: [processorCeiling(profile)] },
      ],
      measurements: [],
      profiles: [profile],
    };
  } finally {
    await Promise.all([service, noAppend, insert].map((one) => one.stop()));
  }
}

/** Starts a service with a new log: on one log, the processes would share the partitions. */
async function profileOfWaiting(bench: Bench): Promise<Profile> {
  const service = await startProfiledService({
    DATABASE_URL: await bench.newDatabase(),
    REDIS_URL: bench.servers.redisUrl,
  });
  try {
    return await profileUnderLoad(bench, service, { name: 'post-wait', what: waiting }, () => placeRequest());
  } finally {
    await service.stop();
  }
}
