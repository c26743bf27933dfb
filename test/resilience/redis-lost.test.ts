import { expect } from 'chai';
import { orderPartition } from '../../src/orders/values/partition.js';
import { allProjections } from '../../src/projections/all-projections.js';
import { createGenerationStore } from '../../src/projector/generations/generation-store.js';
import { fromLive } from '../../src/queries/live-generation.js';
import { orderStatus, orderStatusKeys } from '../../src/read-models/order-status.js';
import { ReadModelBeingFilled } from '../../src/read-models/read-model-unavailable.js';
import { appender, orderIdIn, place, startProjector } from '../support/events.js';
import { type LocalService, startLocalService } from '../support/local-service.js';
import { projected, queriesOf } from '../support/read-models.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';
import { call } from '../support/service.js';

const partitions = 4;
const orders = 400;

describe('a Redis that has lost its data', () => {
  let log: TestLog;
  let orderIds: string[];
  let api: LocalService;
  const stops: (() => Promise<unknown>)[] = [];
  before(async () => {
    log = await createTestLog(partitions);
    const append = appender(log);
    orderIds = Array.from({ length: orders }, (_, nth) => orderIdIn(nth % partitions, partitions));
    await Promise.all(orderIds.map((orderId) => place(append, orderId)));
    // A process that projects nothing: what its queries read is under the control of the test.
    api = await startLocalService(log, { ORDERS_ROLES: 'api', LOG_LEVEL: 'silent' });
  });
  after(async () => {
    await api?.stop();
    await Promise.all(stops.splice(0).map((stop) => stop()));
    await log?.close();
  });

  const keysOf = (partition: number) => log.redis.keys(`{orders:${log.keys.log}:${partition}}:*`);
  const get = (path: string) => call(api, 'GET', path as '/orders/metrics');
  const health = async () => (await call(api, 'GET', '/health/ready')).body;
  const queries = (orderId = orderIds[0]) => [
    `/orders/${orderId}`,
    `/orders/${orderId}/history`,
    '/orders/metrics',
    '/orders',
  ];
  const statuses = async (paths: readonly string[]) => Promise.all(paths.map(async (path) => (await get(path)).status));
  const isWhole = async () => (await statuses(queries())).every((status) => status === 200);

  it('is 503 with Retry-After for every query before a projector has filled the read models, and never 404', async () => {
    expect(await statuses(queries())).to.deep.equal([503, 503, 503, 503]);
    const found = await get(`/orders/lookup?q=${orderIds[0]}`);
    expect(found.status, 'a look-up').to.equal(503);
    const lost = await get(`/orders/${orderIds[0]}`);
    expect(lost.headers.get('retry-after')).to.match(/^\d+$/);
    expect(lost.problem.detail).to.equal(
      `order-status is being filled: it has 0 of the ${orders} events of ${partitions} partitions.`,
    );
    expect(await health()).to.deep.include({ status: 'degraded' });
    expect((await health()).checks.read_models).to.equal(
      `being filled: ${allProjections.map(({ name }) => `${name} 0 %`).join(', ')}`,
    );
  });

  it('answers in full as soon as the read models have caught up', async () => {
    stops.push((await startProjector(log)).stop);
    await projected(log);
    await eventually('all queries to be answered', isWhole);
    await eventually('to be ready', async () => (await health()).status === 'ready');
    const { body } = await get('/orders/metrics');
    expect(body).to.deep.include({ currency: 'USD' });
  });

  it('is noticed by the next query after a flush, and until the refill no answer lacks an order', async () => {
    const answers = { 200: 0, 503: 0 };
    const whole = await get('/orders/metrics');
    let isOver = false;
    const reading = Promise.all(
      Array.from({ length: 8 }, async (_, reader) => {
        for (let nth = reader; !isOver; nth += 8) {
          const { status } = await get(`/orders/${orderIds[nth % orders]}`);
          expect(status, 'of a known order').to.be.oneOf([200, 503]);
          const sums = await get('/orders/metrics');
          expect(sums.status, 'of the metrics').to.be.oneOf([200, 503]);
          if (sums.status === 200) expect(sums.body).to.deep.equal(whole.body);
          answers[status as 200 | 503] += 1;
        }
      }),
    );
    for (let flush = 0; flush < 3; flush += 1) {
      await log.redis.flushall();
      expect(await statuses(queries(orderIds[flush])), 'right after the flush').not.to.include(404);
      await projected(log);
      await eventually('all queries to be answered', isWhole);
    }
    isOver = true;
    await reading;
    expect(answers[200], JSON.stringify(answers)).to.be.greaterThan(0);
  });

  it('during a query never makes the query miss what was there, even if the read model was opened again', async () => {
    const models = { ...queriesOf(log), knownHead: () => orders / partitions };
    const store = createGenerationStore(log.redis, log.keys, log.pool);
    const [orderId = ''] = orderIds;
    let attempts = 0;
    const found = await fromLive(models, orderStatus, async (live) => {
      const key = orderStatusKeys(live.keys(orderPartition(orderId, partitions))).order(orderId);
      attempts += 1;
      if (attempts === 1) {
        await log.redis.flushall();
        await store.open(orderStatus, 'test');
      }
      return live.read([['HGET', ...key]]);
    }).catch((error: unknown) => error);
    if (!(found instanceof ReadModelBeingFilled)) expect(found).to.not.deep.equal([null]);
    expect(attempts + (found instanceof ReadModelBeingFilled ? 1 : 0), 'the query started over').to.equal(2);
    await projected(log);
    await eventually('all queries to be answered', isWhole);
  });

  it('in one partition only is 503 for that partition, and the others are served', async () => {
    const { keys, redis } = log;
    const lost = 2;
    // The projectors stop, so that the state lasts.
    await Promise.all(stops.splice(0).map((stop) => stop()));
    const found = await keysOf(lost);
    expect(found.length).to.be.greaterThan(3);
    await redis.del(found);
    for (const { name } of allProjections) {
      const hash = keys.generations(name);
      const generation = Object.entries(await redis.hgetall(hash)).find(([field]) => field.startsWith('live:'))?.[1];
      await redis.hset(hash, `filling:${generation}`, '1:0010');
    }
    const of = (partition: number) => orderIds.find((_, nth) => nth % partitions === partition);
    expect(await statuses(queries(of(1)).slice(0, 2))).to.deep.equal([200, 200]);
    expect(await statuses(queries(of(lost)))).to.deep.equal([503, 503, 503, 503]);
    stops.push((await startProjector(log)).stop);
    await eventually('all queries to be answered', isWhole);
    expect(await statuses(queries(of(lost)))).to.deep.equal([200, 200, 200, 200]);
  });

  it('in one partition is found by the owner of the partition, and filled again', async () => {
    const { redis } = log;
    const found = await keysOf(1);
    const of1 = orderIds.find((_, nth) => nth % partitions === 1);
    await redis.del(found);
    await eventually(
      'the owner to fill it again',
      async () => (await get(`/orders/${of1}`)).status === 200 && (await isWhole()),
    );
  });

  it('is no loss if the log is empty: a new service answers at once', async () => {
    const empty = await createTestLog(partitions);
    const service = await startLocalService(empty, { LOG_LEVEL: 'silent' });
    try {
      expect((await call(service, 'GET', '/orders/metrics')).status).to.equal(200);
      expect((await call(service, 'GET', '/orders')).body).to.deep.include({ orders: [] });
      const { body } = await call(service, 'GET', '/health/ready');
      expect(body.checks.read_models).to.equal('up');
      expect((await call(service, 'GET', `/orders/${orderIds[0]}`)).status).to.equal(404);
    } finally {
      await service.stop();
      await empty.close();
    }
  });
});

describe('A new log', () => {
  it('has no events that its read models could lack: queries are answered before a projector runs', async () => {
    const log = await createTestLog(partitions);
    const api = await startLocalService(log, { ORDERS_ROLES: 'api', LOG_LEVEL: 'silent' });
    try {
      await eventually('an answer', async () => (await call(api, 'GET', '/orders/metrics')).status === 200);
      expect((await call(api, 'GET', '/orders')).body.orders).to.deep.equal([]);
    } finally {
      await api.stop();
      await log.close();
    }
  });
});
