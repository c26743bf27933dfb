import { rm } from 'node:fs/promises';
import { expect } from 'chai';
import { createDataDir } from '../support/data-dir.js';
import { createPrivateCa, hasOpenssl, type PrivateCa } from '../support/private-ca.js';
import { startCluster, type TestCluster } from '../support/redis-cluster.js';
import { startWatchedPrimary, type WatchedPrimary } from '../support/redis-sentinel.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';
import { call, type RunningService, startService } from '../support/service.js';

/** The service runs as a process, because Node reads NODE_EXTRA_CA_CERTS when it starts. */
describe('TLS, users and passwords of several Redis servers (skipped where openssl is not installed)', () => {
  let folder: string;
  let ca: PrivateCa;
  let log: TestLog;
  let service: RunningService | undefined;
  before(async function () {
    if (!hasOpenssl()) this.skip();
    folder = await createDataDir('redis-tls');
    ca = createPrivateCa(folder);
    log = await createTestLog(8);
  });
  afterEach(async () => {
    await service?.stop();
    service = undefined;
  });
  after(async () => {
    await log?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  const order = { user_id: 'u', item_ids: ['a'], total_amount: 1 };
  const start = async (redisUrl: string, env: Record<string, string> = { NODE_EXTRA_CA_CERTS: ca.ca }) => {
    service = await startService({ databaseUrl: log.databaseUrl, redisUrl }, env);
    return service;
  };
  const place = async (one: RunningService) =>
    (await call(one, 'POST', '/orders', order, { prefer: 'wait=10' })).body.order_id;
  const isReadable = async (one: RunningService, id: string) =>
    (await call(one, 'GET', `/orders/${id}`)).status === 200;

  async function expectWorking(one: RunningService): Promise<void> {
    const placed = await Promise.all(Array.from({ length: 20 }, () => place(one)));
    for (const id of placed) await eventually('the order', () => isReadable(one, id), 30_000);
    await eventually(
      'readiness',
      async () => (await call(one, 'GET', '/health/ready')).body.status === 'ready',
      30_000,
    );
  }

  /** Queries are 503, and the log says why. */
  async function expectRefused(redisUrl: string, reason: RegExp, env?: Record<string, string>): Promise<void> {
    const one = await start(redisUrl, env);
    expect((await call(one, 'GET', '/orders/metrics')).status).to.equal(503);
    await eventually(`the log to say ${reason}`, () => reason.test(one.output()));
    await one.stop();
  }

  describe('a cluster', () => {
    let cluster: TestCluster;
    before(async () => {
      cluster = await startCluster(`${folder}/cluster`, ca);
      for (const { client } of cluster.masters)
        await client.call('ACL', 'SETUSER', 'shop', 'on', '>p@ss/w:rd', '~*', '&*', '+@all');
    });
    after(() => cluster?.stop());

    it('is used with TLS, and with the user and the password of the URL, on every node', async () => {
      await expectWorking(await start(cluster.url));
      await service?.stop();
      await expectWorking(await start(withLogin(cluster.url, 'shop', 'p@ss/w:rd')));
      const counts = await Promise.all(cluster.masters.map(({ client }) => client.dbsize()));
      for (const count of counts) expect(count, 'keys on each node').to.be.greaterThan(0);
    });

    it('is refused with a reason if the authority is not trusted, or the password is wrong', async () => {
      await expectRefused(cluster.url, /certificate/, {});
      await expectRefused(withLogin(cluster.url, 'shop', 'wrong'), /WRONGPASS/);
    });
  });

  describe('a primary that Sentinel watches', () => {
    let watched: WatchedPrimary;
    before(async () => {
      watched = await startWatchedPrimary(`${folder}/sentinel`, ca);
    });
    after(() => watched?.stop());

    it('is refused with a reason if the authority is not trusted, or the login of a sentinel is wrong', async () => {
      await expectRefused(watched.url, /certificate/, {});
      const wrong = watched.urlWith({ sentinelUsername: 'watcher', sentinelPassword: 'wrong' });
      await expectRefused(wrong, /WRONGPASS/);
    });

    it('is used with TLS and logins, also at the sentinel, and after a failover', async () => {
      const one = await start(watched.url);
      await expectWorking(one);
      watched.killPrimary();
      await eventually('queries to work again', async () => isReadable(one, await place(one)), 60_000);
    });
  });
});

function withLogin(url: string, user: string, password: string): string {
  return url.replace(/\/\/[^@]*@/, `//${user}:${encodeURIComponent(password)}@`);
}
