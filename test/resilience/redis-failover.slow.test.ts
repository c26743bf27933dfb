import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import type { EmbeddedServer } from '../../src/embedded/child.js';
import { startRedis } from '../../src/embedded/redis.js';
import { createDataDir } from '../support/data-dir.js';
import { type LocalService, startLocalService } from '../support/local-service.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';
import { call } from '../support/service.js';
import { type SwitchableProxy, startProxy } from '../support/switchable-proxy.js';

describe('a failover of Redis', () => {
  let folder: string;
  let log: TestLog;
  let first: EmbeddedServer;
  let second: EmbeddedServer;
  let proxy: SwitchableProxy;
  let service: LocalService;
  let one: Redis;
  let other: Redis;

  beforeEach(async () => {
    folder = await createDataDir('redis-failover');
    log = await createTestLog();
    [first, second] = (await Promise.all(
      ['first', 'second'].map((name) => startRedis(join(folder, name), () => undefined)),
    )) as [EmbeddedServer, EmbeddedServer];
    one = new Redis(first.url);
    other = new Redis(second.url);
    proxy = await startProxy(first.url);
    // A replica logs in with the password of the primary.
    const { password, port } = new URL(first.url);
    await other.config('SET', 'masterauth', password);
    await other.config('SET', 'requirepass', password);
    await other.replicaof('127.0.0.1', Number(port));
    await eventually('the replica to follow', async () =>
      /master_link_status:up/.test(await other.info('replication')),
    );
    service = await startLocalService({ databaseUrl: log.databaseUrl, redisUrl: proxy.url });
  });

  afterEach(async () => {
    await service.stop();
    await proxy.close();
    one.disconnect();
    other.disconnect();
    await Promise.all([first.stop(), second.stop()]);
    await log.close();
    await rm(folder, { recursive: true, force: true });
  });

  const order = { user_id: 'u', item_ids: ['a'], total_amount: 1 };
  const place = async () => {
    const { status, body } = await call(service, 'POST', '/orders', order);
    expect(status).to.equal(201);
    return body.order_id;
  };
  const isReadable = async (id: string) => (await call(service, 'GET', `/orders/${id}`)).status === 200;

  it('after a failover that keeps the connections to the demoted primary, the service works on the new one by itself', async () => {
    const before = await place();
    await eventually('the order', () => isReadable(before));
    await other.replicaof('NO', 'ONE');
    proxy.switchTo(second.url);
    await one.config('SET', 'masterauth', new URL(first.url).password);
    await one.replicaof('127.0.0.1', Number(new URL(second.url).port));
    const after = await place();
    await eventually('the order placed after the failover', () => isReadable(after));
    // Replication is asynchronous: the new primary may lack the order until it is projected again.
    await eventually('the order placed before the failover', () => isReadable(before));
    await eventually('readiness', async () => (await call(service, 'GET', '/health/ready')).body.status === 'ready');
    const lines = service
      .output()
      .split('\n')
      .filter((line) => /"level":(40|50)/.test(line));
    expect(lines.length, service.output()).to.be.lessThan(6);
  });

  it('a Redis that refuses writes makes the service degraded and says why, and is well again by itself', async () => {
    const before = await place();
    await eventually('the order', () => isReadable(before));
    await one.config('SET', 'maxmemory', '1');
    await eventually('the reason in the health', async () => {
      const { status, body } = await call(service, 'GET', '/health/ready');
      return (
        status === 200 &&
        body.status === 'degraded' &&
        /maxmemory and refuses writes/.test(body.checks.read_models ?? '')
      );
    });
    expect(await isReadable(before), 'queries still work').to.equal(true);
    await one.config('SET', 'maxmemory', '0');
    await eventually('readiness', async () => (await call(service, 'GET', '/health/ready')).body.status === 'ready');
  });
});
