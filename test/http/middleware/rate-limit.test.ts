import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { createApiKey } from '../../../src/access/api-keys.js';
import { httpLimits } from '../../../src/http/limits.js';
import { createTestLog, eventually, type TestLog } from '../../support/servers.js';
import { call, type RunningService, startService, useService } from '../../support/service.js';

const order = { user_id: 'u-1', item_ids: ['a'], total_amount: 10 };

describe('the rate limit', function () {
  this.timeout(60_000);
  let log: TestLog;
  beforeEach(async () => {
    log = await createTestLog(4);
  });
  afterEach(() => log.close());
  const start = (env: Record<string, string>) => startService(log, { LOG_LEVEL: 'silent', ...env });
  const remaining = (headers: Headers) => Number(/r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1]);
  const keyOf = async (name: string) => {
    const { key } = await createApiKey(log.pool, { name, scopes: ['orders:write', 'orders:read'], expiresAt: null });
    return { authorization: `Bearer ${key}` };
  };

  it('is each caller’s own, over all processes, and says what is left and when to go on', async () => {
    const env = { ORDERS_AUTH: 'required', ORDERS_RATE_LIMIT_PER_MINUTE: '6' };
    const services = [await start(env), await start(env)];
    const [one, other] = [await keyOf('one'), await keyOf('other')];
    for (let nth = 0; nth < 6; nth += 1) {
      const { status, headers } = await call(services[nth % 2]!, 'GET', '/orders', undefined, one);
      expect([status, remaining(headers)]).to.deep.equal([200, 5 - nth]);
      expect(headers.get('ratelimit-policy')).to.equal('"caller";q=6;w=60');
    }
    for (const service of services) {
      const { status, body, headers } = await call(service, 'GET', '/orders', undefined, one);
      expect([status, body.type]).to.deep.equal([429, '/problems/rate-limited']);
      expect(Number(headers.get('retry-after'))).to.be.within(1, 60);
    }
    expect((await call(services[0]!, 'GET', '/orders', undefined, other)).status).to.equal(200);
    // Probes are not counted, and who guesses keys is, by address.
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

  it('holds a batch back instead of refusing its lines', async () => {
    const service = await start({ ORDERS_RATE_LIMIT_PER_MINUTE: '250' });
    const lines = `${JSON.stringify({ command: 'place', ...order })}\n`.repeat(240);
    const controller = new AbortController();
    const answer = await fetch(`${service.url}/orders/batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: lines,
      signal: controller.signal,
    });
    let answered = 0;
    const reading = (async () => {
      for await (const chunk of answer.body ?? [])
        answered += new TextDecoder().decode(chunk as Uint8Array).split('\n').length - 1;
    })().catch(() => undefined);
    await eventually('two hundred lines', () => answered === 200);
    await eventually('the limit to be used up', async () => (await call(service, 'GET', '/orders')).status === 429);
    expect(answered).to.equal(200);
    controller.abort();
    await reading;
    await service.stop();
  });

  it('goes on in each process while Redis is away: nobody waits, and nobody may do everything', async () => {
    const service = await startService(
      { ...log, redisUrl: 'redis://127.0.0.1:9' },
      { ORDERS_RATE_LIMIT_PER_MINUTE: '3', LOG_LEVEL: 'silent' },
    );
    const statuses = [];
    for (let nth = 0; nth < 5; nth += 1) statuses.push((await call(service, 'GET', '/problems')).status);
    expect(statuses).to.deep.equal([200, 200, 200, 429, 429]);
    service.kill('SIGKILL');
  });

  it('believes X-Forwarded-For from trusted proxies alone, and never what a client wrote before them', async () => {
    const limit = { ORDERS_RATE_LIMIT_PER_MINUTE: '3' };
    const status = async (service: RunningService, forwarded: string) =>
      (await call(service, 'GET', '/problems', undefined, { 'x-forwarded-for': forwarded })).status;
    const untrusting = await start(limit);
    const spoofed = [];
    for (let nth = 0; nth < 5; nth += 1) spoofed.push(await status(untrusting, `203.0.113.${nth}`));
    expect(spoofed, 'another address each time changes nothing').to.deep.equal([200, 200, 200, 429, 429]);
    await untrusting.stop();

    await log.redis.flushall();
    const trusting = await start({ ...limit, ORDERS_TRUSTED_PROXIES: 'loopback, 10.0.0.0/8' });
    const behind = [];
    for (let nth = 0; nth < 5; nth += 1)
      behind.push(await status(trusting, `198.51.100.${nth}, 203.0.113.9, 10.1.1.1`));
    expect(behind, 'the address before the trusted proxies counts').to.deep.equal([200, 200, 200, 429, 429]);
    expect(await status(trusting, '203.0.113.10')).to.equal(200);
    const plain = await call(trusting, 'GET', '/health/live');
    const secure = await call(trusting, 'GET', '/health/live', undefined, { 'x-forwarded-proto': 'https' });
    expect([plain, secure].map(({ headers }) => headers.has('strict-transport-security'))).to.deep.equal([false, true]);
    await trusting.stop();
  });
});

describe('a service in front of strangers', function () {
  this.timeout(60_000);
  const service = useService({ ORDERS_CORS_ORIGINS: 'https://shop.example', LOG_LEVEL: 'silent' });
  const plain = useService({ LOG_LEVEL: 'silent' });

  it('answers others while many half-open requests wait, and gives those up in time', async () => {
    const { port } = new URL(service.url);
    const answers: string[] = [];
    const sockets: Socket[] = Array.from({ length: 500 }, (_, nth) => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.on('error', () => undefined);
      socket.on('data', (text: Buffer) => answers.push(text.toString()));
      // Half of them stop in their headers, the others in their body.
      socket.write(
        nth % 2 === 0
          ? 'POST /orders HTTP/1.1\r\nHost: test\r\nX-Slow: '
          : 'POST /orders HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"user_id":',
      );
      return socket;
    });
    let trickled = 0;
    const trickle = setInterval(() => {
      trickled += 1;
      for (const socket of sockets) if (socket.writable) socket.write('x');
    }, 500);
    for (let nth = 0; nth < 50; nth += 1) {
      const { status, body } = await call(service, 'POST', '/orders', order);
      expect(status).to.equal(201);
      expect((await call(service, 'GET', `/orders/${body.order_id}`)).status).to.equal(200);
    }
    await eventually(
      'all to be given up',
      () => sockets.every((socket) => socket.destroyed),
      httpLimits.bodyTimeoutMs + 15_000,
    );
    clearInterval(trickle);
    expect(trickled).to.be.greaterThan(5);
    expect(answers.every((text) => /^HTTP\/1.1 408 /.test(text) && /\/problems\/request-timeout/.test(text))).to.equal(
      true,
    );
    expect(answers).to.have.length(500);
  });

  it('lets scripts of the configured origins in, and no others; without configuration none', async () => {
    const preflight = (one: { url: string }, origin: string) =>
      fetch(`${one.url}/orders`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
      });
    const allowed = await preflight(service, 'https://shop.example');
    expect([allowed.status, allowed.headers.get('access-control-allow-origin')]).to.deep.equal([
      204,
      'https://shop.example',
    ]);
    expect(allowed.headers.get('access-control-allow-headers')).to.match(/Idempotency-Key/);
    for (const [one, origin] of [
      [service, 'https://evil.example'],
      [plain, 'https://shop.example'],
    ] as const) {
      expect((await preflight(one, origin)).headers.get('access-control-allow-origin')).to.be.oneOf([null, '']);
      const simple = await call(one, 'GET', '/orders', undefined, { origin });
      expect(simple.headers.get('access-control-allow-origin')).to.be.oneOf([null, '']);
    }
    const answer = await call(service, 'GET', '/orders', undefined, { origin: 'https://shop.example' });
    expect(answer.headers.get('access-control-expose-headers')).to.match(/Event-Position/);
    const refused = await call(service, 'POST', '/orders', {}, { origin: 'https://shop.example' });
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).to.deep.equal([
      422,
      'https://shop.example',
    ]);
  });

  it('sends the headers that keep browsers from making of an answer what it is not', async () => {
    for (const path of ['/orders', '/nothing', '/health/live', '/problems/validation', '/docs']) {
      const { headers } = await call(plain, 'GET', path);
      expect(headers.get('x-content-type-options'), path).to.equal('nosniff');
      expect(headers.get('x-frame-options'), path).to.equal('DENY');
      expect(headers.get('referrer-policy'), path).to.equal('no-referrer');
      expect(headers.get('content-security-policy'), path).to.match(
        /^default-src '(none|self)';.*frame-ancestors 'none'/,
      );
      expect(headers.has('x-powered-by'), path).to.equal(false);
    }
  });
});
