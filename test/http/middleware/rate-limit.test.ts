import { expect } from 'chai';
import { createApiKey } from '../../../src/access/api-keys.js';
import { createRateLimit } from '../../../src/http/middleware/rate-limit.js';
import { type LocalService, startLocalService } from '../../support/local-service.js';
import { createTestLog, eventually, type TestLog } from '../../support/servers.js';
import { call, startService } from '../../support/service.js';

const order = { user_id: 'u-1', item_ids: ['a'], total_amount: 10 };

describe('The rate limit', () => {
  let log: TestLog;
  beforeEach(async () => {
    log = await createTestLog(4);
  });
  afterEach(() => log.close());
  const start = (env: Record<string, string>) => startLocalService(log, { LOG_LEVEL: 'silent', ...env });
  const remaining = (headers: Headers) => Number(/r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1]);
  const keyOf = async (name: string) => {
    const { key } = await createApiKey(log.pool, { name, scopes: ['orders:write', 'orders:read'], expiresAt: null });
    return { authorization: `Bearer ${key}` };
  };

  it('the rate limit applies per caller over all processes, and responses say what is left and when to retry', async () => {
    const env = { ORDERS_AUTH: 'required', ORDERS_RATE_LIMIT_PER_MINUTE: '6' };
    const services = [await start(env), await startService(log, { LOG_LEVEL: 'silent', ...env })];
    const [one, other] = [await keyOf('one'), await keyOf('other')];
    for (let nth = 0; nth < 6; nth += 1) {
      const { status, headers } = await call(services[nth % 2]!, 'GET', '/orders', undefined, one);
      expect([status, remaining(headers)]).to.deep.equal([200, 5 - nth]);
      expect(headers.get('ratelimit-policy')).to.equal('"caller";q=6;w=60');
    }
    for (const service of services) {
      const { status, problem, headers } = await call(service, 'GET', '/orders', undefined, one);
      expect([status, problem.type]).to.deep.equal([429, '/problems/rate-limited']);
      expect(Number(headers.get('retry-after'))).to.be.within(1, 60);
    }
    expect((await call(services[0]!, 'GET', '/orders', undefined, other)).status).to.equal(200);
    // Probes are not counted. Requests with unknown keys are, by address.
    for (let nth = 0; nth < 10; nth += 1)
      expect((await call(services[0]!, 'GET', '/health/live')).status).to.equal(200);
    const guesses = [];
    for (let nth = 0; nth < 8; nth += 1) {
      guesses.push(
        (await call(services[nth % 2]!, 'GET', '/orders', undefined, { authorization: 'Bearer guess' })).status,
      );
    }
    expect(guesses).to.deep.equal([401, 401, 401, 401, 401, 401, 429, 429]);
    await Promise.all(services.map((service) => service.stop()));
  });

  it('the rate limit makes a batch wait instead of rejecting its lines', async () => {
    const service = await start({ ORDERS_RATE_LIMIT_PER_MINUTE: '250' });
    const lines = `${JSON.stringify({ command: 'place', ...order })}\n`.repeat(300);
    const controller = new AbortController();
    const response = await fetch(`${service.url}/orders/batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: lines,
      signal: controller.signal,
    });
    let received = 0;
    const reading = (async () => {
      for await (const chunk of response.body ?? [])
        received += new TextDecoder().decode(chunk as Uint8Array).split('\n').length - 1;
    })().catch(() => undefined);
    await eventually('the lines that the limit allows', () => received === 200);
    await eventually('the limit to be used up', async () => (await call(service, 'GET', '/orders')).status === 429);
    expect(received).to.equal(200);
    controller.abort();
    await reading;
    await service.stop();
  });

  it('a limit that is lower than a group of lines gives as many as it has', async () => {
    const { waitForCapacity } = createRateLimit(log.redis, 'lines', 30);
    const never = new AbortController().signal;
    expect(await waitForCapacity('a', 100, never)).to.equal(30);
    expect(await waitForCapacity('b', 20, never)).to.equal(20);
    expect(await waitForCapacity('a', 100, AbortSignal.timeout(10)), 'after the client has gone').to.equal(0);
  });

  it('the rate limit applies per process while Redis is down, without delaying requests', async () => {
    const service = await startLocalService(
      { ...log, redisUrl: 'redis://127.0.0.1:9' },
      { ORDERS_RATE_LIMIT_PER_MINUTE: '3', LOG_LEVEL: 'silent' },
    );
    const statuses = [];
    for (let nth = 0; nth < 5; nth += 1) statuses.push((await call(service, 'GET', '/problems')).status);
    expect(statuses).to.deep.equal([200, 200, 200, 429, 429]);
    await service.stop();
  });

  it('the rate limit reads X-Forwarded-For only from trusted proxies, and ignores addresses from clients', async () => {
    const limit = { ORDERS_RATE_LIMIT_PER_MINUTE: '3' };
    const status = async (service: LocalService, forwarded: string) =>
      (await call(service, 'GET', '/problems', undefined, { 'x-forwarded-for': forwarded })).status;
    const untrusting = await start(limit);
    const spoofed = [];
    for (let nth = 0; nth < 5; nth += 1) spoofed.push(await status(untrusting, `203.0.113.${nth}`));
    expect(spoofed, 'another forged address each time').to.deep.equal([200, 200, 200, 429, 429]);
    await untrusting.stop();

    await log.redis.flushall();
    const trusting = await start({ ...limit, ORDERS_TRUSTED_PROXIES: 'loopback, 10.0.0.0/8' });
    const behind = [];
    for (let nth = 0; nth < 5; nth += 1)
      behind.push(await status(trusting, `198.51.100.${nth}, 203.0.113.9, 10.1.1.1`));
    expect(behind, 'the address before the trusted proxies').to.deep.equal([200, 200, 200, 429, 429]);
    expect(await status(trusting, '203.0.113.10')).to.equal(200);
    const plain = await call(trusting, 'GET', '/health/live');
    const secure = await call(trusting, 'GET', '/health/live', undefined, { 'x-forwarded-proto': 'https' });
    expect([plain, secure].map(({ headers }) => headers.has('strict-transport-security'))).to.deep.equal([false, true]);
    await trusting.stop();
  });
});
