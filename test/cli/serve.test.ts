import { expect } from 'chai';
import { createApiKey } from '../../src/access/api-keys.js';
import { openStream } from '../support/event-stream.js';
import { refusalOf, startLocalService } from '../support/local-service.js';
import { runOrders } from '../support/orders-command.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';
import { call, startService } from '../support/service.js';

describe('orders serve', () => {
  let log: TestLog;
  before(async () => {
    log = await createTestLog();
  });
  after(() => log.close());

  it('a service that cannot listen on its port ends with an error message that names the remedy', async () => {
    const first = await startLocalService(log);
    const { port } = new URL(first.url);
    const second = await startService(log, { PORT: port }).catch((error: Error) => error);
    expect(String(second)).to.match(new RegExp(`ended with 1: .*port ${port} is in use: .*set PORT`, 's'));
    await first.stop();
  });

  it('a service that refuses the database says why and what to do, without a stack trace', async () => {
    await log.owner.query(`insert into schema_migrations (version, name, sha256) values (99, 'newer', '')`);
    const { code, output } = await runOrders(log, ['migrate']);
    const refused = await refusalOf(log);
    await log.owner.query('delete from schema_migrations where version = 99');
    expect(refused).to.match(/the database is at version 99.*run the newer version/);
    expect([code, output]).to.deep.equal([1, `orders: ${refused}\n`]);
  });

  it('a service with a misspelt variable does not start, and an unknown one is reported', async () => {
    const refused = await startService(log, { ORDERS_AUHT: 'required' }).catch((error: Error) => error.message);
    expect(refused).to.match(/ended with 2: orders: ORDERS_AUHT .*correct it to ORDERS_AUTH/);
    const service = await startService(log, { ORDERS_COLOUR: 'blue' });
    expect(service.output()).to.include('ORDERS_COLOUR has no effect');
    expect(await service.stop()).to.equal(0);
  });

  it('a process serves commands and queries only with the role api, and its health with every role', async () => {
    const service = await startLocalService(log, { ORDERS_ROLES: 'projector' });
    const order = { user_id: 'u', item_ids: ['a'], total_amount: 1 };
    expect((await call(service, 'POST', '/orders', order)).status).to.equal(404);
    expect((await call(service, 'GET', '/orders/metrics')).status).to.equal(404);
    expect((await call(service, 'GET', '/health/ready')).body.checks).to.include.keys('projections');
    await service.stop();

    const api = await startLocalService(log, { ORDERS_ROLES: 'api' });
    expect((await call(api, 'POST', '/orders', order, { prefer: 'respond-async' })).status).to.equal(201);
    const ready = await call(api, 'GET', '/health/ready');
    expect(ready.status).to.equal(200);
    expect(ready.body.checks).to.include.keys('projections').and.not.to.include.keys('notifications');
    await api.stop();
  });

  it('a stopping service reports that it is not ready, finishes requests, ends streams with a retry time, and releases its partitions', async () => {
    const service = await startService(log, { ORDERS_SHUTDOWN_DELAY_MS: '3000', LOG_LEVEL: 'info' });
    const order = { user_id: 'u', item_ids: ['a'], total_amount: 1 };
    const stream = await openStream(`${service.url}/orders/stream`);
    // The client has not yet sent the end of this batch when the service receives the signal.
    const lines = new TransformStream<Uint8Array, Uint8Array>();
    const writer = lines.writable.getWriter();
    const line = new TextEncoder().encode(`${JSON.stringify({ command: 'place', ...order })}\n`);
    const batch = fetch(`${service.url}/orders/batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: lines.readable,
      duplex: 'half',
    } as RequestInit);
    await writer.write(line);
    const answer = await batch;

    service.kill('SIGTERM');
    await eventually(
      'the service to be not ready',
      async () => (await call(service, 'GET', '/health/ready')).status === 503,
    );
    expect((await call(service, 'GET', '/health/ready')).body.checks.service).to.equal('stopping');
    const late = await call(service, 'POST', '/orders', order);
    expect(late.status, 'accepted during the delay').to.equal(201);
    // A proxy that kept the connection would lose the request that crosses its end.
    expect(late.headers.get('connection')).to.equal('close');
    await stream.ended;
    expect(stream.retryMs()).to.be.a('number');
    await writer.write(line);
    await writer.close();
    const answers = (await answer.text()).trim().split('\n');
    expect(answers.map((text) => JSON.parse(text).status)).to.deep.equal([201, 201]);
    expect(await service.exited).to.equal(0);

    const { rows } = await log.owner.query(
      `select from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
    );
    expect(rows, 'partitions that are still locked').to.have.length(0);
  });

  it('the log has one JSON line per request with actor, route, status and duration, and no bodies, secrets or query strings', async () => {
    const service = await startLocalService(log, { ORDERS_AUTH: 'required', LOG_LEVEL: 'info' });
    const { key } = await createApiKey(log.pool, {
      name: 'shop',
      subject: 'shop-7',
      scopes: ['orders:write', 'orders:read'],
      expiresAt: null,
    });
    const headers = { authorization: `Bearer ${key}`, 'x-request-id': 'r-4711' };
    const order = {
      user_id: 'ada@example.org',
      item_ids: ['secret-item'],
      total_amount: 1,
      metadata: { phone: '555-0199' },
    };
    const { body } = await call(service, 'POST', '/orders', order, headers);
    await call(service, 'POST', `/orders/${body.order_id}/note`, { text: 'private matter' }, headers);
    await call(service, 'GET', '/orders?user_id=ada%40example.org', undefined, headers);
    await call(service, 'GET', '/orders', undefined, { authorization: 'Bearer wrong-token-value' });
    await eventually('four lines', () => service.output().match(/"msg":"request"/g)?.length === 4);
    await service.stop();
    const output = service.output();
    for (const secret of [
      key,
      key.split('_').slice(2).join('_'),
      'ada@',
      'ada%40',
      'secret-item',
      '555-0199',
      'private matter',
      'wrong-token-value',
    ])
      expect(output, secret).not.to.include(secret);
    const lines = output
      .split('\n')
      .filter((line) => line.includes('"msg":"request"'))
      .map((line) => JSON.parse(line));
    const { time, duration_ms, ...first } = lines[0];
    expect(first).to.deep.equal({
      ...{ level: 30, service: 'orders', msg: 'request' },
      ...{ request_id: 'r-4711', actor: 'shop-7', method: 'POST', route: '/orders', status: 201 },
    });
    expect([typeof duration_ms, Number.isNaN(Date.parse(time))]).to.deep.equal(['number', false]);
    expect(lines.map(({ route, status, actor }) => [route, status, actor])).to.deep.equal([
      ['/orders', 201, 'shop-7'],
      ['/orders/:order_id/note', 200, 'shop-7'],
      ['/orders', 200, 'shop-7'],
      ['/orders', 401, undefined],
    ]);
  });
});
