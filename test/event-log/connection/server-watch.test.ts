import { connect, createServer } from 'node:net';
import { expect } from 'chai';
import { ServerSilent } from '../../../src/event-log/connection/database-unavailable.js';
import { ServerWatch } from '../../../src/event-log/connection/server-watch.js';
import type { ServicePool } from '../../../src/event-log/connection/service-pool.js';
import { createPool } from '../../../src/event-log/database.js';
import { FailureLog } from '../../../src/failure-log.js';
import { createTestLog, eventually, silent, type TestLog } from '../../support/servers.js';
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
    expect(await watched('select 1'), 'over a new connection').to.equal('a response');
  });

  it('ends no idle connection while PostgreSQL works on it', async () => {
    const idle = await Promise.all([pool.connect(), pool.connect()]);
    for (const client of idle) client.release();
    expect(await watched('select pg_sleep(3)')).to.equal('a response');
    expect(pool.totalCount).to.equal(2);
  });

  for (const [name, isDirect] of [
    ['in transaction mode, of which a direct URL is known', true],
    ['in session mode', false],
  ] as const) {
    it(`ends nothing through a pooler ${name}`, async () => {
      const pooler = await startPooler(log.databaseUrl);
      const address = { url: pooler.url, directUrl: isDirect ? log.databaseUrl : undefined, role: 'orders_service' };
      const pooled = createPool(pooler.url, 2);
      const watchOfPooled = new ServerWatch(address, pooled, new FailureLog(silent, { failing: '', over: '' }));
      await pooled.query('select 1');
      await watchOfPooled.watch(pooled.query('select pg_sleep(3)'));
      watchOfPooled.close();
      await pooled.end();
      pooler.close();
    });
  }

  it('is not taken for busy by the process id of another host', async () => {
    const other = await startTcpProxy(log.databaseUrl);
    other.refuse();
    const url = proxy.url.replace(/(@[^/]*)/, `$1,${new URL(other.url).host}`);
    const pooled = createPool(url, 2);
    const watchOfHosts = new ServerWatch(url, pooled, new FailureLog(silent, { failing: '', over: '' }));
    await pooled.query('select 1');
    // Both hosts lead to the same server, on which the process is busy.
    const reading = watchOfHosts.watch(pooled.query('select pg_sleep(15)')).catch((error: unknown) => error);
    await eventually('the server to work on it', async () => {
      const { rowCount } = await log.owner.query(
        "select from pg_stat_activity where state = 'active' and query = 'select pg_sleep(15)'",
      );
      return rowCount === 1;
    });
    other.accept();
    proxy.silence('all');
    expect(await reading).to.be.instanceOf(ServerSilent);
    watchOfHosts.close();
    await pooled.end();
    await other.close();
  });

  it('ends all connections if no new one works, and the pool refuses at once until one does', async () => {
    await pool.query('select 1');
    proxy.silence('all');
    expect(await watched('select 1')).to.be.instanceOf(ServerSilent);
    const later = createPool(proxy.url, 1);
    watch.add(later);
    const refusal = await later.query('select 1').catch((error: unknown) => error);
    expect(String(refusal), 'of a pool that is added meanwhile').to.match(/PostgreSQL does not respond/);
    const startMs = performance.now();
    expect(String(await watched('select 1'))).to.match(/PostgreSQL does not respond: its host or the network/);
    expect(performance.now() - startMs, 'the next statement').to.be.lessThan(500);
    proxy.speak();
    await eventually('the pool to accept', async () => (await watched('select 1')) === 'a response');
    await later.query('select 1');
    await later.end();
    expect(performance.now() - startMs, 'until the pool works').to.be.lessThan(10_000);
  });
});

/** Forwards all connections, and makes their process ids up, like a pooler. */
async function startPooler(serverUrl: string) {
  const url = new URL(serverUrl);
  const { port, hostname } = url;
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    client.pipe(upstream);
    for (const socket of [client, upstream]) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
      });
    }
    upstream.on('data', (chunk) => {
      const at = chunk.indexOf(backendKeyData);
      if (at !== -1) chunk.writeInt32BE(1, at + backendKeyData.length);
      client.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url.hostname = '127.0.0.1';
  url.port = String(typeof address === 'object' ? address?.port : '');
  return { url: url.href, close: () => server.close() };
}

/** The type and the length of the message that names the server's process. */
const backendKeyData = Buffer.from('4b0000000c', 'hex');
