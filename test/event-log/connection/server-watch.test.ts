import dns from 'node:dns';
import { connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { expect } from 'chai';
import { type DatabaseAddress, databaseAccess } from '../../../src/event-log/connection/database-access.js';
import { ServerSilent } from '../../../src/event-log/connection/database-unavailable.js';
import { ServerWatch } from '../../../src/event-log/connection/server-watch.js';
import type { ServicePool } from '../../../src/event-log/connection/service-pool.js';
import { createPool } from '../../../src/event-log/database.js';
import { FailureLog } from '../../../src/failure-log.js';
import { createTestLog, eventually, silent, type TestLog } from '../../support/servers.js';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.js';

describe('a reading of the heads that is overdue', () => {
  let log: TestLog;
  let proxy: TcpProxy;
  let pool: ServicePool;
  let watch: ServerWatch;
  const closings: (() => unknown)[] = [];
  beforeEach(async () => {
    log = await createTestLog(1);
    proxy = await startTcpProxy(log.databaseUrl);
    pool = createPool(proxy.url, 3);
    watch = new ServerWatch(proxy.url, pool, new FailureLog(silent, { failing: '', over: '' }));
  });
  afterEach(async () => {
    for (const close of closings.splice(0).reverse()) await close();
    watch.close();
    await proxy.close();
    await pool.end();
    await log.close();
  });
  const watched = (sql: string, by = { watch, pool }) =>
    by.watch.watch(by.pool.query(sql)).then(
      () => 'a response' as const,
      (error: unknown) => error,
    );
  /** A pool with an open connection, and its watch. */
  const watchedPoolOf = async (address: DatabaseAddress) => {
    // Without a direct URL, the pool takes the role on by itself.
    const pool = createPool(databaseAccess(address).url, 2);
    closings.push(() => pool.end());
    const watch = new ServerWatch(address, pool, new FailureLog(silent, { failing: '', over: '' }));
    closings.push(() => watch.close());
    await pool.query('select 1');
    return { pool, watch };
  };
  const forwarder = async (options: ForwarderOptions = {}) => {
    const started = await startForwarder(log.databaseUrl, options);
    closings.push(started.close);
    return started;
  };
  const untilAtWork = (sql: string) =>
    eventually('the server to work on it', async () => {
      const { rowCount } = await log.owner.query("select from pg_stat_activity where state = 'active' and query = $1", [
        sql,
      ]);
      return rowCount === 1;
    });

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
      const { url } = await forwarder({ makesIdsUp: true });
      const directUrl = isDirect ? log.databaseUrl : undefined;
      const pooled = await watchedPoolOf({ url, directUrl, role: 'orders_service' });
      expect(await watched('select pg_sleep(3)', pooled)).to.equal('a response');
    });
  }

  it('ends all connections to a pooler that is silent, although PostgreSQL itself responds', async () => {
    const pooled = await watchedPoolOf({ url: proxy.url, directUrl: log.databaseUrl, role: 'orders_service' });
    proxy.silence('all');
    expect(await watched('select 1', pooled)).to.be.instanceOf(ServerSilent);
    expect(String(await watched('select 1', pooled)), 'while it is silent').to.match(/PostgreSQL does not respond/);
    proxy.speak();
    await eventually('the pool to accept', async () => (await watched('select 1', pooled)) === 'a response');
  });

  it('ends nothing if the pooler responds while PostgreSQL itself is silent', async () => {
    const { url } = await forwarder({ makesIdsUp: true });
    const pooled = await watchedPoolOf({ url, directUrl: proxy.url, role: 'orders_service' });
    proxy.silence('all');
    expect(await watched('select pg_sleep(6)', pooled)).to.equal('a response');
  });

  it('ends nothing while new statements wait in the pooler for a session', async () => {
    const pooler = await forwarder({ makesIdsUp: true });
    const pooled = await watchedPoolOf({ url: pooler.url, directUrl: log.databaseUrl, role: 'orders_service' });
    const reading = watched('select pg_sleep(6)', pooled);
    await untilAtWork('select pg_sleep(6)');
    pooler.holdStatements();
    expect(await reading).to.equal('a response');
  });

  it('ends all connections to a pooler that accepts logins, but whose PostgreSQL is silent', async () => {
    const pooler = await forwarder({ makesIdsUp: true });
    const pooled = await watchedPoolOf({ url: pooler.url, directUrl: proxy.url, role: 'orders_service' });
    proxy.silence('all');
    pooler.holdStatements();
    expect(await watched('select 1', pooled)).to.be.instanceOf(ServerSilent);
  });

  it('ends no connection because a new one reached its server at another address', async function () {
    const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
    if (!addresses.some(({ address }) => address === '::1')) this.skip();
    const { url } = await forwarder({ address: '::' });
    const host = resolveTo('127.0.0.1');
    closings.push(host.restore);
    const dual = await watchedPoolOf(Object.assign(new URL(url), { hostname: host.name }).href);
    host.resolveTo('::1');
    expect(await watched('select pg_sleep(3)', dual)).to.equal('a response');
    expect(host.lookups('::1'), 'connections to the other address').to.be.greaterThan(0);
  });

  it('is not taken for busy by the process id of another host', async () => {
    const other = await startTcpProxy(log.databaseUrl);
    closings.push(() => other.close());
    other.refuse();
    const url = proxy.url.replace(/(@[^/]*)/, `$1,${new URL(other.url).host}`);
    const pooled = await watchedPoolOf(url);
    // Both hosts lead to the same server, on which the process is busy.
    const reading = watched('select pg_sleep(15)', pooled);
    await untilAtWork('select pg_sleep(15)');
    other.accept();
    proxy.silence('all');
    expect(await reading).to.be.instanceOf(ServerSilent);
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

interface ForwarderOptions {
  /** The address to listen on. */
  readonly address?: string;
  /** Whether it makes process ids up, like a pooler. */
  readonly makesIdsUp?: boolean;
}

/** Forwards all connections to a server. */
async function startForwarder(serverUrl: string, { address = '127.0.0.1', makesIdsUp = false }: ForwarderOptions) {
  const url = new URL(serverUrl);
  const { port, hostname } = url;
  let isHolding = false;
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (chunk) => {
      if (!isHolding || chunk[0] !== statement) upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      const at = makesIdsUp ? chunk.indexOf(backendKeyData) : -1;
      if (at !== -1) chunk.writeInt32BE(1, at + backendKeyData.length);
      client.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const listening = server.address();
  url.hostname = '127.0.0.1';
  url.port = String(typeof listening === 'object' ? listening?.port : '');
  return {
    url: url.href,
    /** Accepts logins, but no further statements, like a pooler without a free session. */
    holdStatements() {
      isHolding = true;
    },
    close: () => server.close(),
  };
}

/** The type of the message with a statement. */
const statement = 'Q'.charCodeAt(0);
/** The type and the length of the message that names the server's process. */
const backendKeyData = Buffer.from('4b0000000c', 'hex');

/** A host name that resolves to one address at a time, as one with IPv4 and IPv6 may do. */
function resolveTo(first: string) {
  const name = 'dual-stack.test';
  const { lookup } = dns;
  const lookups: string[] = [];
  let address = first;
  const resolve = (host: string, options: dns.LookupOptions, callback: (...result: unknown[]) => void) => {
    if (host !== name) return Reflect.apply(lookup, dns, [host, options, callback]);
    lookups.push(address);
    const family = address.includes(':') ? 6 : 4;
    if (options.all) callback(null, [{ address, family }]);
    else callback(null, address, family);
  };
  dns.lookup = resolve as typeof lookup;
  return {
    name,
    resolveTo(next: string) {
      address = next;
    },
    lookups: (of: string) => lookups.filter((one) => one === of).length,
    restore() {
      dns.lookup = lookup;
    },
  };
}
