import type { Registry } from 'prom-client';
import type { Pool } from '../../event-log/database.js';
import { shareFor } from '../../http/shared-calls.js';
import { primariesOf, type Redis } from '../../read-models/redis/redis-client.js';
import { withTimeout } from '../../with-timeout.js';
import { addGauge } from './metric.js';

/** Milliseconds that a server has to respond to a scrape. */
const probeTimeoutMs = 1_000;
/** Milliseconds for which the gauges of a scrape share one round trip. */
const probeSharedMs = 500;

/** Registers gauges of PostgreSQL: whether it responds, how fast, and the pool of connections. */
export function measurePostgres(registry: Registry, pool: Pool): void {
  const probe = shareFor(probeSharedMs, () => roundTrip(() => pool.query({ name: 'probe', text: 'select 1' })));
  addUpGauges(registry, { name: 'postgres', what: 'PostgreSQL' }, async () => (await probe()).seconds);
  addGauge(registry, {
    name: 'orders_postgres_pool_connections',
    help: 'Connections of the pool of this process, by state: busy or idle.',
    labels: ['state'],
    collect: (set) => {
      set(pool.totalCount - pool.idleCount, { state: 'busy' });
      set(pool.idleCount, { state: 'idle' });
    },
  });
  addGauge(registry, {
    name: 'orders_postgres_pool_waiting',
    help: 'Statements that wait for a connection of the pool.',
    collect: (set) => set(pool.waitingCount),
  });
}

/** Registers gauges of Redis: whether it responds, how fast, and its memory. */
export function measureRedis(registry: Registry, redis: Redis): void {
  const probe = shareFor(probeSharedMs, () =>
    roundTrip(() => Promise.all(primariesOf(redis).map((server) => server.info('memory')))),
  );
  addUpGauges(registry, { name: 'redis', what: 'Redis' }, async () => (await probe()).seconds);
  const sum = async (field: string) => {
    const { result } = await probe();
    if (!result) throw new Error('Redis did not respond');
    return result.reduce((bytes, info) => bytes + Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(info)?.[1] ?? 0), 0);
  };
  addGauge(registry, {
    name: 'orders_redis_memory_bytes',
    help: 'Memory that Redis uses, over all primaries of a cluster.',
    collect: async (set) => set(await sum('used_memory')),
  });
  addGauge(registry, {
    name: 'orders_redis_max_memory_bytes',
    help: 'Limit of the memory of Redis (maxmemory), over all primaries; 0 if there is none.',
    collect: async (set) => set(await sum('maxmemory')),
  });
}

function addUpGauges(
  registry: Registry,
  { name, what }: { readonly name: string; readonly what: string },
  seconds: () => Promise<number | undefined>,
): void {
  addGauge(registry, {
    name: `orders_${name}_up`,
    help: `1 if ${what} responded to this process within a second, at the scrape.`,
    collect: async (set) => set((await seconds()) === undefined ? 0 : 1),
  });
  addGauge(registry, {
    name: `orders_${name}_round_trip_seconds`,
    help: `Duration of one round trip to ${what}, at the scrape. Absent if it did not respond.`,
    collect: async (set) => {
      const its = await seconds();
      if (its !== undefined) set(its);
    },
  });
}

interface RoundTrip<T> {
  readonly result?: T;
  /** Undefined if the server did not respond. */
  readonly seconds?: number;
}

/** Never rejects. */
async function roundTrip<T>(request: () => Promise<T>): Promise<RoundTrip<T>> {
  const startMs = performance.now();
  try {
    const result = await withTimeout(probeTimeoutMs, request());
    return { result, seconds: (performance.now() - startMs) / 1000 };
  } catch {
    return {};
  }
}
