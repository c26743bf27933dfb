import type { Bench, BenchResult, Measurement } from './benchmark.js';
import { load, offer } from './http-load.js';
import { placeRequest, respondAsync } from './placed-orders.js';
import { peakBytes, type ServerProcess, startService } from './processes.js';

const connections = 64;
/** More connections than a process has requests in flight. */
const callers = 2_000;

/**
 * Start-up, growth to two processes, and overload: half, once, twice and four times the throughput
 * that 64 connections reach.
 */
export async function overload(bench: Bench): Promise<BenchResult> {
  const env = { DATABASE_URL: await bench.newDatabase(), REDIS_URL: bench.servers.redisUrl };
  const next = () => placeRequest(respondAsync);
  const begun = performance.now();
  const service = await startService(env);
  const measurements: Measurement[] = [
    { name: 'start', what: 'Start of a process, to its first response', unit: 'ms', figure: performance.now() - begun },
  ];
  try {
    await load(service.url, connections, bench.seconds, next);
    const capacity = (await load(service.url, connections, bench.seconds, next)).perSecond;
    for (const share of [0.5, 1, 2, 4]) {
      const result = await offer(service.url, capacity * share, 2 * bench.seconds, callers, next);
      const refused = result.statuses.get(503) ?? 0;
      const answered = [...result.statuses.values()].reduce((sum, count) => sum + count, 0);
      const others = [...result.statuses.keys()].filter((status) => status !== 201 && status !== 503);
      if (others.length > 0) throw new Error(`overload was answered with ${others.join(', ')}`);
      const what = `${share} times the capacity (${Math.round(result.offeredPerSecond).toLocaleString('en')} orders/s offered)`;
      bench.say(`${what}: ${Math.round(result.perSecond)} accepted, 99 % within ${Math.round(result.p99)} ms`);
      const one = (name: string, kind: string, unit: string, figure: number) =>
        measurements.push({ name: `overload-${share}-${name}`, what: `${what}: ${kind}`, unit, figure });
      one('accepted', 'accepted', 'orders/s', result.perSecond);
      one('refused', 'refused with 503', '%', (100 * refused) / answered);
      one('p99', '99 % of the accepted were answered within', 'ms', result.p99);
    }
    measurements.push({
      name: 'memory',
      what: 'Memory of the service at its peak, after all of this load',
      unit: 'MB',
      figure: (await peakBytes(service)) / 1e6,
      atMost: 300,
    });
    measurements.push(await secondProcess(bench, service, env, capacity));
    return { comparisons: [], measurements };
  } finally {
    await service.stop();
  }
}

async function secondProcess(
  bench: Bench,
  first: ServerProcess,
  env: Record<string, string>,
  alone: number,
): Promise<Measurement> {
  const second = await startService(env);
  try {
    const both = () =>
      Promise.all(
        [first, second].map(({ url }) => load(url, connections / 2, bench.seconds, () => placeRequest(respondAsync))),
      );
    await both();
    const together = (await both()).reduce((sum, { perSecond }) => sum + perSecond, 0);
    const what = `Two processes on the same 64 connections, of what one does (${Math.round(alone).toLocaleString('en')} orders/s)`;
    return { name: 'two-processes', what, unit: '%', figure: (100 * together) / alone };
  } finally {
    await second.stop();
  }
}
