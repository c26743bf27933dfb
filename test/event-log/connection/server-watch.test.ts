import { expect } from 'chai';
import { ServerSilent } from '../../../src/event-log/connection/database-unavailable.js';
import { ServerWatch } from '../../../src/event-log/connection/server-watch.js';
import type { ServicePool } from '../../../src/event-log/connection/service-pool.js';
import { createPool } from '../../../src/event-log/database.js';
import { FailureLog } from '../../../src/failure-log.js';
import { createTestLog, silent, type TestLog } from '../../support/servers.js';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.js';

describe('a reading of the heads that is overdue', function () {
  this.timeout(30_000);
  let log: TestLog;
  let proxy: TcpProxy;
  let pool: ServicePool;
  let watch: ServerWatch;
  beforeEach(async () => {
    log = await createTestLog(1);
    proxy = await startTcpProxy(log.databaseUrl);
    pool = createPool(proxy.url, 3);
    watch = new ServerWatch(proxy.url, pool, new FailureLog(silent, { failing: '', over: '' }));
  });
  afterEach(async () => {
    watch.close();
    await proxy.close();
    await pool.end();
    await log.close();
  });
  const watched = (sql: string) =>
    watch.watch(pool.query(sql)).then(
      () => 'a response' as const,
      (error: unknown) => error,
    );

  it('is left alone if PostgreSQL still works on it', async () => {
    expect(await watched('select pg_sleep(3)')).to.equal('a response');
  });

  it('ends the connections that a firewall has forgotten, and the pool opens new ones', async () => {
    const idle = await Promise.all([pool.connect(), pool.connect()]);
    for (const client of idle) client.release();
    proxy.silence('open');
    const startMs = performance.now();
    expect(await watched('select 1')).to.be.instanceOf(ServerSilent);
    expect(performance.now() - startMs).to.be.lessThan(5_000);
    expect(pool.isRefusing, 'the server is there').to.equal(false);
    expect(await watched('select 1'), 'over a new connection').to.equal('a response');
  });

  it('ends all connections if no new one works, and the pool refuses at once until one does', async () => {
    await pool.query('select 1');
    proxy.silence('all');
    expect(await watched('select 1')).to.be.instanceOf(ServerSilent);
    const startMs = performance.now();
    expect(String(await watched('select 1'))).to.match(/PostgreSQL does not respond: its host or the network/);
    expect(performance.now() - startMs, 'the next statement').to.be.lessThan(500);
    proxy.speak();
    while (pool.isRefusing) await new Promise((resolve) => setImmediate(resolve));
    expect(await watched('select 1')).to.equal('a response');
    expect(performance.now() - startMs, 'until the pool works').to.be.lessThan(10_000);
  });
});
