import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { type Child, type EmbeddedServer, freePort, startChild } from '../../src/embedded/child.js';
import { startRedis } from '../../src/embedded/redis.js';
import { createDataDir } from '../support/data-dir.js';
import { type LocalService, startLocalService } from '../support/local-service.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';
import { call } from '../support/service.js';

const password = 'common-password';

describe('a primary that Sentinel watches', function () {
  this.timeout(120_000);
  let folder: string;
  let log: TestLog;
  let servers: EmbeddedServer[];
  let sentinel: Child;
  let service: LocalService;
  before(async () => {
    folder = await createDataDir('sentinel');
    log = await createTestLog(4);
    servers = await Promise.all(['one', 'two'].map((name) => startRedis(join(folder, name), () => undefined)));
    const clients = servers.map(({ url }) => new Redis(url));
    for (const client of clients) {
      client.on('error', () => undefined);
      await client.call('ACL', 'SETUSER', 'orders', 'on', `>${password}`, '~*', '&*', '+@all');
      await client.config('SET', 'masterauth', password);
      await client.config('SET', 'requirepass', password);
    }
    const [primary, replica] = clients;
    const [port = 0] = servers.map(({ url }) => Number(new URL(url).port));
    await replica?.replicaof('127.0.0.1', port);
    await eventually('the replica to follow', async () =>
      /master_link_status:up/.test((await replica?.info('replication')) ?? ''),
    );
    const [, program = ''] = /executable:(.*)\r/.exec((await primary?.info('server')) ?? '') ?? [];
    for (const client of clients) client.disconnect();
    const sentinelPort = await freePort();
    const file = join(folder, 'sentinel.conf');
    const lines = [
      `port ${sentinelPort}`,
      'bind 127.0.0.1',
      `dir "${folder}"`,
      `sentinel monitor orders-redis 127.0.0.1 ${port} 1`,
      `sentinel auth-pass orders-redis ${password}`,
      'sentinel down-after-milliseconds orders-redis 1000',
      'sentinel failover-timeout orders-redis 5000',
    ];
    await writeFile(file, `${lines.join('\n')}\n`);
    sentinel = startChild(program, [file, '--sentinel'], {});
    const asked = new Redis({ port: sentinelPort, host: '127.0.0.1' });
    asked.on('error', () => undefined);
    await eventually('the sentinel to know the replica', async () => {
      const found = await asked.call('SENTINEL', 'REPLICAS', 'orders-redis').catch(() => []);
      return Array.isArray(found) && found.length === 1;
    });
    asked.disconnect();
    const redisUrl = `redis-sentinel://orders:${password}@127.0.0.1:1,127.0.0.1:${sentinelPort}/orders-redis`;
    service = await startLocalService({ ...log, redisUrl }, { LOG_LEVEL: 'error' });
  });
  after(async () => {
    await service?.stop();
    await log?.close();
    await sentinel?.stop('SIGKILL');
    for (const server of servers ?? []) await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('is found, and so is the one that takes its place when it dies', async () => {
    const order = { user_id: 'u', item_ids: ['a'], total_amount: 10 };
    const place = async () => (await call(service, 'POST', '/orders', order, { prefer: 'wait=5' })).body.order_id;
    const status = async (id: string) => (await call(service, 'GET', `/orders/${id}`)).status;
    const first = await place();
    expect(await status(first)).to.equal(200);
    servers[0]?.child.process.kill('SIGKILL');
    const second = await place();
    await eventually('queries to work again', async () => (await status(second)) === 200, 60_000);
    expect(await status(first)).to.equal(200);
    await eventually('readiness', async () => (await call(service, 'GET', '/health/ready')).body.status === 'ready');
  });
});
