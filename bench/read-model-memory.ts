import { randomUUID } from 'node:crypto';
import { commandHash, storedHash } from '../src/commands/idempotency.js';
import type { NewEvent } from '../src/event-log/append/append.js';
import { createPool, type LogSettings, readLogSettings } from '../src/event-log/database.js';
import type { OrderEventType } from '../src/orders/events.js';
import { currentSchema } from '../src/orders/upcast.js';
import { utcTime } from '../src/orders/values/utc-time.js';
import { allProjections } from '../src/projections/all-projections.js';
import { createRedis, type Redis } from '../src/read-models/redis/redis-client.js';
import type { Bench, BenchResult, Measurement } from './benchmark.js';
import { fillLog } from './fill-log.js';
import { project, removeReadModels } from './project-log.js';

/**
 * A log of a shop. With fewer orders, few share a hash of Redis, and most of the memory is that of
 * keys.
 */
const minOrders = 100_000;

/**
 * Memory of the read models for an order as shops have them: two lines and a reference, one payment
 * with a reference, one shipment with a tracking number, delivered.
 */
export async function readModelMemory(bench: Bench): Promise<BenchResult> {
  const orders = Math.max(minOrders, bench.orders);
  const redis = createRedis(bench.servers.redisUrl);
  const measurements = await bench.inNewDatabase(async (url) => {
    const pool = createPool(url, 16);
    try {
      const settings = await readLogSettings(pool);
      await fillLog(pool, settings, orders, 5, shopOrder);
      const before = await usedMemory(redis);
      await project(url, pool, settings, redis);
      const figure = ((await usedMemory(redis)) - before) / orders;
      const what = `Redis for an order with a reference, a payment and a delivered shipment, all read models, ${orders.toLocaleString('en')} orders`;
      const all: Measurement = { name: 'redis-bytes', what, unit: 'bytes', figure, atMost: 2_200 };
      const parts = await bytesByPart(redis, settings, orders);
      await removeReadModels(redis, settings);
      return [all, ...parts];
    } finally {
      await pool.end();
    }
  });
  redis.disconnect();
  return { comparisons: [], measurements };
}

function shopOrder(nth: number, atMs: (nthEvent: number) => number): NewEvent[] {
  const event = (type: OrderEventType, data: object, index: number): NewEvent => {
    const metadata = { schema: currentSchema(type), actor: 'anonymous', request_id: randomUUID() };
    return {
      type,
      data: JSON.stringify(data),
      metadata: JSON.stringify({ ...metadata, command_hash: storedHash(commandHash(data)) }),
      occurredAt: utcTime(atMs(index)),
    };
  };
  const lines = ['1', '2'].map((line_id, line) => ({ line_id, item_id: `item-${(nth * 7 + line) % 5_000}` }));
  const placed = {
    user_id: `user-${nth % 20_000}`,
    currency: 'USD',
    total_minor: 5_997,
    items: lines.map(({ item_id }, line) => ({ item_id, quantity: 1 + line, unit_price_minor: 1_999 })),
    metadata: {},
    reference: `#${10_000 + nth}`,
  };
  const shipped = {
    items: lines.map((line, index) => ({ ...line, quantity: 1 + index })),
    ...{ carrier: 'DHL', tracking_number: `JJD0002${1_000_000 + nth}`, shipment_id: '1' },
  };
  return [
    event('OrderPlaced', placed, 0),
    event('OrderPaid', { amount_minor: 5_997, payment_reference: `pay_${1_000_000 + nth}` }, 1),
    event('OrderProcessingStarted', {}, 2),
    event('OrderShipped', shipped, 3),
    event('OrderDelivered', { items: null, shipment_id: null }, 4),
  ];
}

/** Bytes per order of the keys of each kind, such as "order-status users". */
async function bytesByPart(redis: Redis, settings: LogSettings, orders: number): Promise<Measurement[]> {
  const sums = new Map<string, number>();
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', `{orders:${settings.logId.slice(0, 8)}:*`, 'COUNT', 2_000);
    cursor = next;
    const sizes = await Promise.all(keys.map((key) => redis.memory('USAGE', key, 'SAMPLES', 0)));
    for (const [index, key] of keys.entries()) {
      const [, name = '', , kind = ''] = key.slice(key.indexOf('}')).split(':');
      if (!allProjections.some((projection) => projection.name === name)) continue;
      const part = `${name} ${kind}`;
      sums.set(part, (sums.get(part) ?? 0) + Number(sizes[index] ?? 0));
    }
  } while (cursor !== '0');
  return [...sums]
    .filter(([, bytes]) => bytes / orders >= 1)
    .sort(([, a], [, b]) => b - a)
    .map(([part, bytes]) => ({ name: part, what: `of which ${part}`, unit: 'bytes', figure: bytes / orders }));
}

async function usedMemory(redis: Redis): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
}
