import { expect } from 'chai';
import { allProjections } from '../../src/projections/all-projections.js';
import { createGenerationStore } from '../../src/projector/generations/generation-store.js';
import { getProjections } from '../../src/queries/get-projections.js';
import { orderStatus } from '../../src/read-models/order-status.js';
import { appender, noteEvent, orderIdIn, place, startProjector } from '../support/events.js';
import { expectReadModelsEqualTheLog, projected, queriesOf } from '../support/read-models.js';
import { restoreKeys, snapshotKeys } from '../support/redis-keys.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';

describe('loss of data in Redis', () => {
  let log: TestLog;
  beforeEach(async () => {
    log = await createTestLog(4);
  });
  afterEach(() => log.close());

  it('read models are rebuilt with the same content after Redis is flushed while the projector runs', async () => {
    const projector = await startProjector(log);
    const append = appender(log);
    const orderIds = Array.from({ length: 100 }, (_, nth) => orderIdIn(nth % 4, 4));
    for (const orderId of orderIds) await place(append, orderId);
    await projected(log);
    const before = await snapshotKeys(log);
    expect(Object.keys(before).length).to.be.greaterThan(200);
    await log.redis.flushall();
    await projected(log);
    expect(await snapshotKeys(log)).to.deep.equal(before);
    await expectReadModelsEqualTheLog(log);

    // Later events are folded on top.
    await append({ orderId: orderIds[0]!, expectedVersion: 1, events: [noteEvent('after')] });
    await projected(log);
    await expectReadModelsEqualTheLog(log);
    await projector.stop();
  });

  it('read models continue from an older state when Redis comes back with one', async () => {
    const projector = await startProjector(log);
    const append = appender(log);
    for (let nth = 0; nth < 20; nth += 1) await place(append, orderIdIn(nth % 4, 4));
    await projected(log);
    const older = await snapshotKeys(log);
    for (let nth = 0; nth < 20; nth += 1) await place(append, orderIdIn(nth % 4, 4));
    await projected(log);
    await log.redis.flushall();
    await restoreKeys(log, older);
    await projected(log);
    await expectReadModelsEqualTheLog(log);
    await projector.stop();
  });

  it('the owner of a partition does not refill a generation that Redis has lost, so no orphaned keys remain', async () => {
    const projector = await startProjector(log);
    const append = appender(log);
    const placeInEach = async () => {
      for (let partition = 0; partition < 4; partition += 1) await place(append, orderIdIn(partition, 4));
    };
    await placeInEach();
    const store = createGenerationStore(log.redis, log.keys, log.pool);
    await Promise.all(allProjections.map((projection) => store.request(projection, 'test')));
    await eventually('the second generations to be live', async () =>
      (await getProjections(queriesOf(log))).every(({ generation }) => generation === 2),
    );
    await log.redis.flushall();
    // Each owner notices at its next step, before it reads which generations there are.
    await placeInEach();
    await projected(log);
    await projector.stop();
    const generations = (await log.redis.keys('{orders:*')).flatMap(
      (key) => /}:[a-z-]+:(\d+):(?!checkpoint)/.exec(key)?.[1] ?? [],
    );
    expect([...new Set(generations)]).to.deep.equal(['1']);
    await expectReadModelsEqualTheLog(log);
  });

  it('a generation that Redis has forgotten is removed, and its number is not used again', async () => {
    const store = createGenerationStore(log.redis, log.keys, log.pool);
    const projector = await startProjector(log);
    const append = appender(log);
    for (let nth = 0; nth < 20; nth += 1) await place(append, orderIdIn(nth % 4, 4));
    await projected(log);
    await store.request(orderStatus, 'test');
    const generations = log.keys.generations(orderStatus.name);
    const live = () => log.redis.hget(generations, `live:${orderStatus.version}`);
    await eventually('the rebuild', async () => (await live()) === '2');
    await projected(log);
    await log.redis.del(generations);
    await eventually('the first generation again', async () => (await live()) === '1');
    const pattern = log.keys.pattern({ name: orderStatus.name, generation: 2 });
    const left = async () => (await log.redis.keys(pattern)).filter((key) => !key.endsWith(':checkpoint'));
    await eventually('the keys of the lost generation to be removed', async () => (await left()).length === 0);
    await projected(log);
    await store.request(orderStatus, 'test');
    await eventually('a further generation', async () => (await live()) === '3');
    await projected(log);
    await expectReadModelsEqualTheLog(log);
    await projector.stop();
  });

  it('read models do not change while Redis is out of memory, and catch up once it has some', async () => {
    const projector = await startProjector(log);
    const append = appender(log);
    for (let nth = 0; nth < 8; nth += 1) await place(append, orderIdIn(nth % 4, 4));
    await projected(log);
    const before = await snapshotKeys(log);
    await log.redis.config('SET', 'maxmemory', '1');
    try {
      for (let nth = 0; nth < 8; nth += 1) await place(append, orderIdIn(nth % 4, 4));
      // Ten refusals mean that at least one step was retried.
      await eventually('Redis to refuse a step', async () =>
        /errorstat_OOM:count=\d{2}/.test(await log.redis.info('errorstats')),
      );
      expect(await snapshotKeys(log)).to.deep.equal(before);
    } finally {
      await log.redis.config('SET', 'maxmemory', '0');
    }
    await projected(log);
    await expectReadModelsEqualTheLog(log);
    expect(projector.projector.stoppedProjections()).to.deep.equal([]);
    await projector.stop();
  });
});
