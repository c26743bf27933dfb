import { expect } from 'chai';
import { allProjections } from '../../../src/projections/all-projections.js';
import type { Projection } from '../../../src/projections/projection.js';
import { createGenerationStore, type GenerationStore } from '../../../src/projector/generations/generation-store.js';
import { projectorLimits } from '../../../src/projector/limits.js';
import { exactJson } from '../../../src/queries/exact-json.js';
import { getMetrics } from '../../../src/queries/get-metrics.js';
import { getOrder } from '../../../src/queries/get-order.js';
import { getProjections } from '../../../src/queries/get-projections.js';
import { getOrderHistory } from '../../../src/queries/history/get-order-history.js';
import { listOrders } from '../../../src/queries/lists/list-orders.js';
import { readEndedBuilds } from '../../../src/read-models/ended-builds.js';
import { appender, commandHandlers, orderIdIn, place, startProjector } from '../../support/events.js';
import { expectReadModelsEqualTheLog, projected, queriesOf } from '../../support/read-models.js';
import { liveKeys } from '../../support/redis-keys.js';
import { createTestLog, eventually, type TestLog } from '../../support/servers.js';

const partitions = 4;
const by = 'test';

describe('a rebuild', () => {
  let log: TestLog;
  let store: GenerationStore;
  beforeEach(async () => {
    log = await createTestLog(partitions);
    store = createGenerationStore(log.redis, log.keys, log.pool);
  });
  afterEach(() => log.close());

  /** Places and changes orders until it is stopped. `acknowledged` lists the placed orders. */
  function load() {
    const { handleCommand: handle } = commandHandlers(log);
    const acknowledged: string[] = [];
    let stopping = false;
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let nth = 0; !stopping; nth += 1) {
        const orderId = orderIdIn((nth + writer) % partitions, partitions);
        const place = { command: 'place', userId: 'u', currency: 'USD', totalAmount: 1, itemIds: ['a'] } as const;
        await handle({ orderId, actor: 'test', command: place });
        acknowledged.push(orderId);
        await handle({ orderId, actor: 'test', command: { command: 'pay' } });
        if (nth % 3 === 0) await handle({ orderId, actor: 'test', command: { command: 'process' } });
      }
    });
    return {
      acknowledged,
      async stop() {
        stopping = true;
        await Promise.all(writers);
      },
    };
  }

  /**
   * Reads everything in a loop. Fails if an order that was seen is missing, or if a count
   * decreases.
   */
  function read() {
    const models = queriesOf(log);
    const seen = {
      orders: new Map<string, number>(),
      total: 0,
      paid: 0,
      listed: 0,
      reads: 0,
      history: new Map<string, number>(),
    };
    let stopping = false;
    const reader = (async () => {
      while (!stopping) {
        const { total_orders, revenue } = JSON.parse(exactJson(await getMetrics(models, { currency: 'USD' })));
        expect(total_orders, 'metrics go back').to.be.at.least(seen.total);
        expect(revenue.paid, 'payments go back').to.be.at.least(seen.paid);
        Object.assign(seen, { total: total_orders, paid: revenue.paid });
        const page = await listOrders(models, {}, 200);
        if (page === 'invalid-cursor') throw new Error('no cursor was given');
        expect(page.orders.length, 'the list goes back').to.be.at.least(Math.min(seen.listed, 200));
        seen.listed = page.orders.length;
        for (const json of page.orders.slice(0, 20)) {
          const { order_id } = JSON.parse(json);
          seen.orders.set(order_id, seen.orders.get(order_id) ?? 0);
        }
        for (const [orderId, version] of [...seen.orders].slice(-50)) {
          const order = await getOrder(models, orderId);
          expect(order, `order ${orderId} is missing`).not.to.equal(undefined);
          expect(order?.version, `order ${orderId} goes back`).to.be.at.least(version);
          seen.orders.set(orderId, order?.version ?? 0);
          // The history is another read model: it may be ahead or behind, but may not go back.
          const events = (await getOrderHistory(models, orderId))?.events.length ?? 0;
          expect(events, `the history of ${orderId} goes back`).to.be.at.least(seen.history.get(orderId) ?? 0);
          seen.history.set(orderId, events);
        }
        seen.reads += 1;
      }
    })();
    return {
      seen,
      models,
      async stop() {
        stopping = true;
        await reader;
      },
      failed: reader,
    };
  }

  const generations = async () =>
    (await getProjections(queriesOf(log))).map(({ generation, rebuild }) => (rebuild ? 0 : generation));
  const live = (generation: number) =>
    eventually('the rebuilt generations to be live', async () =>
      (await generations()).every((one) => one === generation),
    );

  it('a rebuild of everything under load shows readers no missing order, no decrease and no mixture', async () => {
    const { stop } = await startProjector(log);
    const writers = load();
    await eventually('some history', () => writers.acknowledged.length > 300);
    const reader = read();
    await Promise.race([
      reader.failed,
      (async () => {
        for (const generation of [2, 3, 4]) {
          const before = reader.seen.reads;
          for (const projection of allProjections) await store.request(projection, by);
          await live(generation);
          await eventually('a read after the flip', () => reader.seen.reads > before + 1);
          // The reader reads the new generation, so it sees an order that is placed now.
          const newest = writers.acknowledged.length;
          await eventually('an order placed after the flip to be seen', async () => {
            const orderId = writers.acknowledged[newest];
            return orderId !== undefined && (await getOrder(reader.models, orderId)) !== undefined;
          });
        }
      })(),
    ]);
    await writers.stop();
    await reader.stop();
    await projected(log);
    await expectReadModelsEqualTheLog(log);
    await stop();
  });

  it('a rebuild removes the keys of the generation that it replaces, and no others', async () => {
    const { stop } = await startProjector(log);
    const append = appender(log);
    for (let nth = 0; nth < 40; nth += 1) await place(append, orderIdIn(nth % partitions, partitions));
    await projected(log);
    const [metrics] = allProjections.filter(({ name }) => name === 'metrics');
    await store.request(metrics!, by);
    await eventually('the flip', async () => (await getProjections(queriesOf(log)))[2]?.generation === 2);
    await eventually('the old keys to be gone', async () => {
      const left = await log.redis.keys(`{orders:${log.settings.logId.slice(0, 8)}:*`);
      const old = left.filter((key) => key.includes(':metrics:1:') && !key.endsWith(':checkpoint'));
      return old.length === 0 && left.some((key) => key.includes(':metrics:2:'));
    });
    await expectReadModelsEqualTheLog(log);
    await stop();
  });

  it('a rebuild that is requested twice at once is one rebuild', async () => {
    const [projection] = allProjections;
    const both = await Promise.all([store.request(projection!, by), store.request(projection!, by)]);
    expect(both.map(({ build }) => build.generation)).to.deep.equal([1, 1]);
    expect(both.filter(({ isNew }) => isNew)).to.have.length(1);
  });

  it('a cancelled rebuild leaves the live generation unchanged and no key behind', async () => {
    const { stop } = await startProjector(log, [withHeldBuild(2)]);
    const append = appender(log);
    for (let nth = 0; nth < 40; nth += 1) await place(append, orderIdIn(nth % partitions, partitions));
    await store.request(held, by);
    await eventually('the build to begin', async () => (await log.redis.exists(counter(2))) === 1);
    expect(await store.cancel(held)).to.equal(true);
    expect(await store.cancel(held)).to.equal(false);
    const [ended] = await readEndedBuilds(log.redis, log.keys, held.name);
    expect([ended?.result, ended?.requested_by]).to.deep.equal(['cancelled', 'test']);
    await eventually('its keys to be gone', async () => (await log.redis.exists(counter(2))) === 0);
    await place(append, orderIdIn(1, partitions));
    await eventually('the live generation to continue', async () => (await log.redis.get(counter(1))) === '11');
    await stop();
  });

  it('a rebuild continues at its checkpoints when the process that builds it dies', async () => {
    const append = appender(log);
    for (let nth = 0; nth < 40; nth += 1) await place(append, orderIdIn(nth % partitions, partitions));
    const folded: number[] = [];
    const first = await startProjector(log, [withHeldBuild(2, folded)]);
    await eventually('the live one', async () => (await log.redis.get(counter(1))) === '10');
    await store.request(held, by);
    await eventually('the build to begin', async () => (await log.redis.get(counter(2))) === '5');
    await first.stop();
    folded.length = 0;
    const second = await startProjector(log, [withHeldBuild(0, folded)]);
    await eventually('the flip', async () => (await store.read([held]))[0]?.live.get(1) === 2);
    expect(await log.redis.get(counter(2))).to.equal('10');
    expect(folded, 'what has been built is not built again').to.deep.equal([6, 7, 8, 9, 10]);
    await second.stop();
  });

  it('live checkpoints that a dead process has frozen are thawed by their owner', async () => {
    const { stop } = await startProjector(log);
    const append = appender(log);
    await place(append, orderIdIn(1, partitions));
    await projected(log);
    const key = liveKeys(log, 'metrics', 1)('checkpoint');
    await log.redis.append(key, ':left-behind');
    await place(append, orderIdIn(1, partitions));
    await projected(log, projectorLimits.freezeTimeoutMs + 5_000);
    expect(await log.redis.get(key)).to.match(/^2:[0-9a-f]{64}$/);
    await expectReadModelsEqualTheLog(log);
    await stop();
  });

  /** Counts the events of partition 1. While it is held, a build stops after five of them. */
  const held: Projection = {
    name: 'held',
    version: 1,
    load: async (_events, key, read) => Number((await read([['GET', key('counter')]]))[0] ?? 0),
    project: (events, key, count) => [['SET', key('counter'), (count as number) + events.length]],
  };
  function withHeldBuild(heldGeneration: number, folded: number[] = []): Projection {
    return {
      ...held,
      project(events, key, state) {
        const isBuild = key('').includes(':held:2:');
        const last = events.at(-1)?.stored;
        if (heldGeneration === 2 && isBuild && last?.partition === 1 && last.position > 5) throw new Error('held');
        if (isBuild) for (const { stored } of events) if (stored.partition === 1) folded.push(stored.position);
        return held.project(events, key, state);
      },
    };
  }
  const counter = (generation: number) => log.keys.partition({ name: 'held', generation }, 1)('counter');
});
