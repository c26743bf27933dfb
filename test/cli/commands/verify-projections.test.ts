import { expect } from 'chai';
import { allProjections } from '../../../src/projections/all-projections.js';
import type { Difference } from '../../../src/projector/dry-run/entry-differences.js';
import { FoldTooLarge } from '../../../src/projector/dry-run/memory-store.js';
import { decodeOrder, encodeOrder } from '../../../src/read-models/encoding/encoded-order.js';
import { orderStatusKeys } from '../../../src/read-models/order-status.js';
import { verifyProjections } from '../../../src/service/runs/verify-projections.js';
import { appender, event, orderIdIn, place, startProjector } from '../../support/events.js';
import { runOrders } from '../../support/orders-command.js';
import { projected, queriesOf } from '../../support/read-models.js';
import { liveKeys } from '../../support/redis-keys.js';
import { createTestLog, silent, type TestLog } from '../../support/servers.js';

describe('orders verify --projections', () => {
  let log: TestLog;
  let projector: { stop(): Promise<void> };
  let ids: string[];
  beforeEach(async () => {
    log = await createTestLog(4);
    projector = await startProjector(log);
    const append = appender(log);
    ids = Array.from({ length: 40 }, (_, nth) => orderIdIn(nth % 4, 4));
    for (const id of ids) await place(append, id);
    for (const id of ids.slice(0, 8))
      await append({ orderId: id, expectedVersion: 1, events: [event('OrderHeld', { reason: 'r' })] });
    await projected(log);
  });
  afterEach(async () => {
    await projector.stop();
    await log.close();
  });

  const context = () => ({ ...log, models: queriesOf(log), openEvents: open, log: silent });
  const open = async <Event>(events: readonly Event[]) => [...events];
  async function differences(): Promise<string[]> {
    const found: Difference[] = [];
    await verifyProjections(context(), allProjections, { onDifference: (one) => found.push(one) });
    return found.map(({ projection, key, orderId, field }) => [projection, orderId ?? key, field].join(' '));
  }

  it('finds nothing in read models that equal the log, even while it grows, and writes nothing to Redis', async () => {
    const append = appender(log);
    const before = await log.redis.keys(`*orders:${log.keys.log}*`);
    expect(await differences()).to.deep.equal([]);
    expect((await log.redis.keys(`*orders:${log.keys.log}*`)).sort()).to.deep.equal(before.sort());
    let growing = true;
    const growth = (async () => {
      while (growing) await place(append, orderIdIn(Math.floor(Math.random() * 4), 4));
    })();
    const { code, output } = await runOrders(log, ['verify', '--projections']);
    growing = false;
    await growth;
    expect(code, output).to.equal(0);
    for (const { name } of allProjections)
      expect(output).to.match(new RegExp(`${name}: compared [\\d,]+ keys with generation 1, no difference`));
  });

  it('finds a changed, a missing and an added entry, and keys that are missing, added or of another type', async () => {
    const [first = '', second = '', third = ''] = ids.slice(20);
    const status = (nth: number) => liveKeys(log, 'order-status', nth);
    const entry = orderStatusKeys(status(0)).order(first);
    const order = decodeOrder(first, (await log.redis.hget(...entry)) ?? '');
    await log.redis.hset(...entry, encodeOrder({ ...order, status: 'shipped' }));
    await log.redis.hdel(...orderStatusKeys(status(1)).order(second));
    await log.redis.zadd(status(2)('held'), 0, 'added');
    const { updated } = orderStatusKeys(status(3));
    await log.redis.zpopmin(updated);
    await log.redis.set(status(2)('order', 'nobody'), '{}');
    await log.redis.del(liveKeys(log, 'metrics', 0)('currencies'));
    const history = liveKeys(log, 'order-history', 1)('events', '0');
    await log.redis.rpush(history, '[]');
    const [lookUp = ''] = await log.redis.keys(liveKeys(log, 'order-lookup', 2)('orders', '*'));
    if (lookUp !== '') {
      await log.redis.del(lookUp);
      await log.redis.set(lookUp, 'text');
    }
    const found = await differences();
    expect(found.filter((one) => one.startsWith('order-status'))).to.include.members([
      `order-status ${first} status`,
      'order-status order:nobody ',
    ]);
    expect(found.some((one) => one.startsWith(`order-status ${second}`))).to.equal(true);
    expect(
      found.some((one) => /^order-status held.*added/.test(one)),
      found.join('\n'),
    ).to.equal(true);
    expect(found.filter((one) => one.startsWith('metrics'))).to.have.length(1);
    expect(found.some((one) => one.startsWith('order-history events:0'))).to.equal(true);
    if (lookUp !== '') expect(found.some((one) => one.startsWith('order-lookup'))).to.equal(true);
    // The look-up that was replaced may be that of any order.
    const ofThird = found.filter((one) => one.includes(third) && !one.startsWith('order-lookup'));
    expect(ofThird).to.deep.equal([]);
    const { code, stdout } = await runOrders(log, ['verify', '--projections', '--json']);
    expect(code).to.equal(3);
    const { is_intact, projections } = JSON.parse(stdout);
    expect([is_intact, projections.map(({ projection }: { projection: string }) => projection)]).to.deep.equal([
      true,
      allProjections.map(({ name }) => name),
    ]);
    const [statuses] = projections;
    expect(statuses.differences).to.have.length(statuses.differences_total);
    const difference = { order_id: first, field: 'status', live: '"shipped"', rebuilt: '"pending"' };
    const ofFirst = statuses.differences.filter(({ order_id }: { order_id: string }) => order_id === first);
    expect(ofFirst).to.have.length(1);
    expect(ofFirst[0]).to.include(difference);
  });

  it('shares the partitions among threads, and finds the same', async () => {
    const { databaseUrl, redisUrl } = log;
    const servers = { databaseUrl, directDatabaseUrl: undefined, redisUrl };
    const connection = { servers, databaseRole: 'orders_service', personalDataKeyFile: undefined };
    for (const nth of [0, 3]) await log.redis.zadd(liveKeys(log, 'order-status', nth)('held'), 0, `added-${nth}`);
    const found: number[] = [];
    const shares: number[] = [];
    const inThreads = await verifyProjections(context(), allProjections, {
      threads: { count: 3, connection },
      onDifference: ({ partition }) => found.push(partition),
      onProgress: (share) => shares.push(share),
    });
    expect(found.sort()).to.deep.equal([0, 3]);
    expect(shares.at(-1)).to.be.within(0.99, 1);
    expect(inThreads).to.deep.equal(
      await verifyProjections(context(), allProjections, { onDifference: () => undefined }),
    );
    const tooLarge = await verifyProjections(context(), allProjections, {
      threads: { count: 3, connection },
      onDifference: () => undefined,
      maxFoldedBytes: 1_000,
    }).catch((error: unknown) => error);
    expect(tooLarge).to.be.instanceOf(FoldTooLarge);
  });

  it('reports what was verified of the log even if the read models cannot be compared', async () => {
    await projector.stop();
    // The read model is ahead of the log, as after a restore.
    const checkpoint = log.keys.checkpoint({ name: 'metrics', generation: 1 }, 0);
    const [, hash = ''] = ((await log.redis.get(checkpoint)) ?? '').split(':');
    await log.redis.set(checkpoint, `999:${hash}`);
    const { code, stdout, output } = await runOrders(log, ['verify', '--projections', '--json']);
    expect(code, output).to.equal(1);
    const document = JSON.parse(stdout);
    expect(document).to.include({ is_intact: true, projections: null });
    expect(document.projections_error).to.be.a('string').and.not.equal('');
    expect(output).to.include(`the read models were not compared: ${document.projections_error}`);
  });

  it('folds one projection after the other if all of them would take too much memory', async () => {
    const all = await verifyProjections(context(), allProjections, { onDifference: () => undefined });
    const shares: number[] = [];
    const oneByOne = await verifyProjections(context(), allProjections, {
      onDifference: ({ key }) => expect.fail(`${key} differs`),
      onProgress: (share) => shares.push(share),
      maxFoldedBytes: 24_000,
    });
    expect(oneByOne).to.deep.equal(all);
    expect(shares.at(-1)).to.be.within(0.99, 1);
  });

  it('gives up a fold that would take too much memory, for the replay into Redis', async () => {
    const tooLarge = await verifyProjections(context(), allProjections, {
      onDifference: () => undefined,
      maxFoldedBytes: 1_000,
    }).catch((error: unknown) => error);
    expect(tooLarge).to.be.instanceOf(FoldTooLarge);
  });
});
