import type { Profiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';
import { cpus } from 'node:os';
import type { Bench, BenchResult, Profile } from './benchmark.js';
import type { LoadRequest } from './connection.js';
import { partsOf } from './cpu-profile.js';
import { load } from './http-load.js';
import { placeRequest, respondAsync } from './placed-orders.js';
import { type ProfiledService, startProfiledService } from './processes.js';
import { processorTimes } from './processor-time.js';

const connections = 64;

/**
 * The processor time of commands, queries, imports and replays: in the service by folder and
 * package, and in the servers around it.
 */
export async function profiles(bench: Bench): Promise<BenchResult> {
  const service = await startProfiledService({
    DATABASE_URL: await bench.newDatabase(),
    REDIS_URL: bench.servers.redisUrl,
  });
  try {
    const post = await profileUnderLoad(
      bench,
      service,
      { name: 'post', what: 'POST /orders, respond-async, projectors running' },
      () => placeRequest(respondAsync),
    );
    const placed = await fetch(`${service.url}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: placeRequest().body ?? '',
    });
    const { order_id: orderId } = (await placed.json()) as { order_id: string };
    const get = await profileUnderLoad(bench, service, { name: 'get', what: 'GET /orders/{id}' }, () => ({
      method: 'GET',
      path: `/orders/${orderId}`,
    }));
    return { comparisons: [], measurements: [], profiles: [post, get] };
  } finally {
    await service.stop();
  }
}

/** The profile per request of a warm service under load. */
export async function profileUnderLoad(
  bench: Bench,
  service: ProfiledService,
  description: Pick<Profile, 'name' | 'what'>,
  next: () => LoadRequest,
): Promise<Profile> {
  await load(service.url, connections, bench.seconds, next);
  return profiled({ ...description, unit: 'request' }, true, async () => {
    let units = 0;
    const profile = await service.profile(async () => {
      units = (await load(service.url, connections, bench.seconds, next)).perSecond * bench.seconds;
    });
    return { profile, units };
  });
}

/** The profile per unit of work that this process does itself. */
export function profileHere(description: Description, units: number, task: () => Promise<unknown>): Promise<Profile> {
  return profiled(description, false, async () => {
    const session = new Session();
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
    await task();
    const { profile } = await session.post('Profiler.stop');
    session.disconnect();
    return { profile, units };
  });
}

type Description = Pick<Profile, 'name' | 'what' | 'unit'>;

/**
 * Measures a task: the process whose CPU profile it returns, and the servers around it.
 * @param withLoad whether this process is the load on it.
 */
export async function profiled(
  description: Description,
  withLoad: boolean,
  task: () => Promise<{ profile: Profiler.Profile; units: number }>,
): Promise<Profile> {
  const before = processorTimes();
  const begun = performance.now();
  const { profile, units } = await task();
  const took = (performance.now() - begun) * 1_000;
  const around = timesSince(before).filter(({ part }) => withLoad || !part.startsWith('the load'));
  return { ...description, ...perUnit([...partsOf(profile), ...around], units, took) };
}

function timesSince(before: ReadonlyMap<string, number>): { part: string; microseconds: number }[] {
  return [...processorTimes()].map(([part, microseconds]) => ({
    part: `${part} (a separate process)`,
    microseconds: microseconds - (before.get(part) ?? 0),
  }));
}

function perUnit(
  parts: readonly { part: string; microseconds: number }[],
  units: number,
  tookMicroseconds: number,
): Pick<Profile, 'parts' | 'coresBusy' | 'cores'> {
  const total = parts.reduce((sum, { microseconds }) => sum + microseconds, 0);
  return {
    parts: parts
      .map(({ part, microseconds }) => ({ part, microseconds: microseconds / units }))
      .filter(({ microseconds }) => microseconds >= 0.05),
    coresBusy: total / tookMicroseconds,
    cores: cpus().length,
  };
}
