import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { createRedisSubscriber } from '../../src/read-models/redis/redis-client.js';
import { type LocalService, startLocalService } from '../support/local-service.js';
import { asAdmin, createDatabase, createTestLog, eventually, type TestLog } from '../support/servers.js';
import { call } from '../support/service.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';

/** The packets of the servers are lost in these tests, and no connection is reset. */
describe('a server that is unreachable, whose packets are lost and whose connections are not reset', () => {
  let log: TestLog;
  let proxy: TcpProxy;
  let service: LocalService | undefined;
  beforeEach(async () => {
    log = await createTestLog(4);
  });
  afterEach(async () => {
    proxy.speak();
    await service?.stop();
    service = undefined;
    await proxy.close();
    await log.close();
  });

  const running = () => {
    if (!service) throw new Error('the service runs');
    return service;
  };
  const order = { user_id: 'u', item_ids: ['a'], total_amount: 10 };
  const place = (headers: Record<string, string> = {}) => call(running(), 'POST', '/orders', order, headers);
  const read = (id: string) => call(running(), 'GET', `/orders/${id}`);
  const readiness = async () => (await call(running(), 'GET', '/health/ready')).body;
  const secondsSince = (startMs: number) => (performance.now() - startMs) / 1_000;

  /**
   * Starts the service with the URL of a pooler and that of PostgreSQL itself. The proxy, which can
   * be silenced, is in front of one of the two.
   */
  async function startPooled(silenced: 'pooler' | 'PostgreSQL'): Promise<void> {
    const role = `pooled_${randomUUID().slice(0, 8)}`;
    await asAdmin(`create role ${role} login password 'x'`);
    const databaseUrl = await createDatabase();
    const asRole = Object.assign(new URL(databaseUrl), { username: role, password: 'x' }).href;
    proxy = await startTcpProxy(silenced === 'pooler' ? asRole : databaseUrl);
    service = await startLocalService(
      { ...log, databaseUrl: silenced === 'pooler' ? proxy.url : asRole },
      {
        DATABASE_DIRECT_URL: silenced === 'pooler' ? databaseUrl : proxy.url,
        ORDERS_DB_ROLE: role,
        ORDERS_PARTITIONS: '4',
      },
    );
    expect((await place()).status).to.equal(201);
  }

  /** The service recovers by itself, within ten seconds. */
  async function expectAllWell(key: string): Promise<void> {
    const startMs = performance.now();
    await eventually('commands to work', async () => (await place()).status === 201, 20_000);
    const again = await place({ 'idempotency-key': key });
    expect(again.status).to.equal(201);
    await eventually('queries to work', async () => (await read(again.body.order_id)).status === 200);
    await eventually('readiness', async () => (await readiness()).status === 'ready');
    expect(secondsSince(startMs), 'until all is well').to.be.lessThan(10);
  }

  it('PostgreSQL: commands get 503 within seconds, later ones at once, and work again by themselves once it is back', async () => {
    proxy = await startTcpProxy(log.databaseUrl);
    service = await startLocalService({ ...log, databaseUrl: proxy.url });
    const { body } = await place();
    await eventually('the order', async () => (await read(body.order_id)).status === 200);
    const key = randomUUID();
    proxy.silence('all');
    const startMs = performance.now();
    const first = await place({ 'idempotency-key': key });
    expect(first.status).to.equal(503);
    expect(secondsSince(startMs)).to.be.lessThan(7);
    expect(first.problem.type).to.equal('/problems/event-log-unavailable');
    expect(first.problem.detail).to.match(/PostgreSQL does not respond/);
    expect(first.problem).to.have.property('may_have_been_done');
    expect(first.headers.get('retry-after')).to.match(/^\d+$/);
    const nextMs = performance.now();
    const next = await place();
    expect(next.problem).to.deep.include({ status: 503, may_have_been_done: false });
    expect(secondsSince(nextMs), 'the next command').to.be.lessThan(1);
    expect((await read(body.order_id)).status, 'queries work').to.equal(200);
    expect(await readiness()).to.deep.include({ status: 'not-ready' });
    proxy.speak();
    await expectAllWell(key);
    expect(running().output()).to.match(/PostgreSQL does not respond, also over a new connection/);
  });

  it('PostgreSQL, with another host in the URL: the service switches to that host by itself', async () => {
    proxy = await startTcpProxy(log.databaseUrl);
    const other = await startTcpProxy(log.databaseUrl);
    other.refuse();
    try {
      const hosts = [proxy, other].map(({ url }) => new URL(url).host);
      service = await startLocalService({ ...log, databaseUrl: proxy.url.replace(/@[^/]+/, `@${hosts}`) });
      expect((await place()).status).to.equal(201);
      other.accept();
      proxy.silence('all');
      const key = randomUUID();
      const startMs = performance.now();
      await place({ 'idempotency-key': key });
      await expectAllWell(key);
      expect(secondsSince(startMs), 'until all is well').to.be.lessThan(15);
    } finally {
      await service?.stop();
      service = undefined;
      await other.close();
    }
  });

  it('a pooler, while PostgreSQL itself responds: commands get 503, and work again by themselves once it is back', async () => {
    await startPooled('pooler');
    const key = randomUUID();
    proxy.silence('all');
    const first = await place({ 'idempotency-key': key });
    expect(first.problem).to.deep.include({ status: 503, type: '/problems/event-log-unavailable' });
    expect(first.problem.detail).to.match(/PostgreSQL does not respond/);
    const next = await place();
    expect(next.problem).to.deep.include({ status: 503, may_have_been_done: false });
    proxy.speak();
    await expectAllWell(key);
  });

  it('PostgreSQL at its direct URL, while its pooler responds: commands work, and new changes are visible once it is back', async () => {
    await startPooled('PostgreSQL');
    const key = randomUUID();
    proxy.silence('all');
    await eventually('the service to notice', async () => {
      const { notifications, projections } = (await readiness()).checks;
      return notifications === 'down (polling)' && projections === 'no living projector in all 4 partitions';
    });
    expect((await place({ prefer: 'respond-async' })).status).to.equal(201);
    expect(await readiness()).to.have.property('status', 'degraded');
    expect(await readiness()).to.have.nested.property('checks.event_log', 'up');
    expect(running().output()).to.not.match(/PostgreSQL does not respond/);
    proxy.speak();
    await expectAllWell(key);
  });

  it('Redis: queries get 503 within six seconds, commands work, and queries work again by themselves', async () => {
    proxy = await startTcpProxy(log.redisUrl);
    service = await startLocalService({ ...log, redisUrl: proxy.url });
    const { body } = await place();
    await eventually('the order', async () => (await read(body.order_id)).status === 200);
    proxy.silence('all');
    const startMs = performance.now();
    const query = await read(body.order_id);
    expect(query.status).to.equal(503);
    expect(query.problem.type).to.equal('/problems/read-models-unavailable');
    expect(secondsSince(startMs)).to.be.lessThan(6);
    const key = randomUUID();
    expect((await place({ 'idempotency-key': key, prefer: 'respond-async' })).status).to.equal(201);
    expect(await readiness()).to.deep.include({ status: 'not-ready' });
    proxy.speak();
    await expectAllWell(key);
  });

  it('Redis, with an address that leads to another server: the service switches to it by itself', async () => {
    proxy = await startTcpProxy(log.redisUrl);
    service = await startLocalService({ ...log, redisUrl: proxy.url });
    const { body } = await place();
    await eventually('the order', async () => (await read(body.order_id)).status === 200);
    proxy.silence('open');
    await expectAllWell(randomUUID());
  });

  it('Redis: a connection that only listens to a subscription is replaced', async () => {
    proxy = await startTcpProxy(log.redisUrl);
    const subscriber = createRedisSubscriber(proxy.url);
    try {
      const channel = randomUUID();
      let messages = 0;
      subscriber.on('message', () => {
        messages += 1;
      });
      await subscriber.subscribe(channel);
      proxy.silence('open');
      await eventually('a message', async () => {
        await log.redis.publish(channel, 'hello');
        return messages > 0;
      });
    } finally {
      subscriber.disconnect();
    }
  });
});
