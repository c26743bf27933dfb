import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { newEvents } from '../../src/commands/new-events.js';
import type { StoredEvent } from '../../src/event-log/stored-event.js';
import type { OrderCommand } from '../../src/orders/commands.js';
import { decide } from '../../src/orders/decisions/decide.js';
import { evolve } from '../../src/orders/evolve.js';
import type { Order } from '../../src/orders/order.js';
import { orderPartition } from '../../src/orders/values/partition.js';
import { utcTime } from '../../src/orders/values/utc-time.js';
import { allProjections } from '../../src/projections/all-projections.js';
import type { Projection } from '../../src/projections/projection.js';
import { decodeEvents } from '../../src/projector/steps/decode-events.js';
import { createProjectionStore } from '../../src/projector/steps/projection-store.js';
import { startCheckpoint } from '../../src/read-models/checkpoint.js';
import { createKeys, type ReadModelKeys } from '../../src/read-models/keys.js';
import { createRedis, type Redis } from '../../src/read-models/redis/redis-client.js';
import { anyCommand } from '../support/any-command.js';
import { foldRows, type Row } from '../support/independent-fold.js';
import { expectReadModelsEqual } from '../support/read-models.js';
import { serverUrls } from '../support/servers.js';

const partitions = 2;
/** Events per step, in turns. */
const stepSizes = [1, 3, 40, 2, 500];

/** Rows of the log, in the order of their times. Each of the orders is changed by many commands. */
function someLog(seed: number): StoredEvent[] {
  const place: OrderCommand = {
    command: 'place',
    userId: 'u',
    currency: 'USD',
    items: [
      { item_id: 'a', quantity: 2, unit_price: '2.50' },
      { item_id: 'b', quantity: 1, unit_price: 0 },
    ],
    reference: '#1',
  };
  const orders = fc.sample(
    fc.record({
      id: fc.uuid(),
      placed: fc.boolean(),
      commands: fc.array(anyCommand, { minLength: 5, maxLength: 30 }),
      minutes: fc.array(fc.integer({ min: 0, max: 4_000 }), { minLength: 40, maxLength: 40 }),
    }),
    { seed, numRuns: 60 },
  );
  const all = orders.flatMap(({ id, placed, commands, minutes }) =>
    eventsOf(id, placed ? [place, ...commands] : commands, minutes),
  );
  const heads = new Map<number, number>();
  return all
    .toSorted((a, b) => (a.occurredAt < b.occurredAt ? -1 : Number(a.occurredAt > b.occurredAt)))
    .map((event) => {
      const position = (heads.get(event.partition) ?? 0) + 1;
      heads.set(event.partition, position);
      return { ...event, position, hash: Buffer.from(`${event.partition}:${position}`) };
    });
}

/** The events of one order. @param minutes between a command and the one before. */
function eventsOf(orderId: string, commands: readonly OrderCommand[], minutes: readonly number[]): StoredEvent[] {
  const events: StoredEvent[] = [];
  let order: Order | undefined;
  let atMs = Date.UTC(2026, 0, 1);
  for (const [nth, command] of commands.entries()) {
    atMs += (minutes[nth] ?? 0) * 60_000 + 1;
    const decision = decide(command, order);
    if ('rejected' in decision || 'repeats' in decision) continue;
    for (const { event, data, metadata } of newEvents(decision, { orderId, actor: 'test', command }, 'hash')) {
      const time = utcTime(atMs);
      const envelope = { orderId, version: events.length + 1, occurredAt: time, recordedAt: time };
      order = evolve(order, { ...event, ...envelope });
      const partition = orderPartition(orderId, partitions);
      const stored = { partition, position: 0, type: event.type, data, metadata: JSON.stringify(metadata) };
      events.push({ ...envelope, ...stored, hash: Buffer.alloc(0) });
    }
  }
  return events;
}

const rowOf = (event: StoredEvent): Row => ({
  order_id: event.orderId,
  version: event.version,
  type: event.type,
  data: JSON.parse(event.data),
  metadata: JSON.parse(event.metadata),
  occurred_at: new Date(event.occurredAt),
  recorded_at: new Date(event.recordedAt),
});

describe('the folds of the projections', () => {
  let redis: Redis;
  before(() => {
    redis = createRedis(serverUrls().redisUrl);
  });
  after(() => redis.disconnect());

  /** Folds the events of a partition in steps. Some have the state of the step before. */
  async function fold(projection: Projection, keys: ReadModelKeys, partition: number, events: readonly StoredEvent[]) {
    const generation = { name: projection.name, generation: 0 };
    const key = keys.partition(generation, partition);
    const { read, apply } = createProjectionStore(redis, keys);
    let from = startCheckpoint;
    let last: unknown;
    for (let at = 0, nth = 0; at < events.length; nth += 1) {
      const size = stepSizes[nth % stepSizes.length] ?? 1;
      const decoded = await decodeEvents(events.slice(at, at + size), async (opened) => [...opened]);
      const folded = decoded.map(({ event, error }) => event ?? expect.fail(String(error)));
      const state = await projection.load(folded, key, read, nth % 3 === 0 ? undefined : last);
      const writes = projection.project(folded, key, state);
      last = state;
      const { position, hash } = folded.at(-1)?.stored ?? expect.fail('an empty step');
      const to = { position, hash: hash.toString('hex') };
      expect(await apply(partition, [{ generation, from, to, writes }])).to.deep.equal([{ applied: true }]);
      from = to;
      at += size;
    }
  }

  for (const seed of [1, 2]) {
    it(`the read models equal an independent fold, whatever the steps: seed ${seed}`, async () => {
      const log = someLog(seed);
      const keys = createKeys(randomUUID());
      for (let partition = 0; partition < partitions; partition += 1) {
        const events = log.filter((event) => event.partition === partition);
        for (const projection of allProjections) await fold(projection, keys, partition, events);
      }
      const orders = foldRows(log.map(rowOf));
      expect(orders.size).to.be.greaterThan(20);
      await expectReadModelsEqual({ redis, keys, settings: { partitions } }, orders);
    });
  }
});
