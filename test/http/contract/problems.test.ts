import { connect } from 'node:net';
import { expect } from 'chai';
import { Registry } from 'prom-client';
import { createApiKey } from '../../../src/access/api-keys.js';
import { authenticateNobody } from '../../../src/access/authenticate.js';
import type { Scope } from '../../../src/access/scopes.js';
import { scopes } from '../../../src/access/scopes.js';
import type { HandleCommand } from '../../../src/commands/command-outcome.js';
import { ClockBehind, LogWentBack } from '../../../src/event-log/log-went-back.js';
import { Overloaded } from '../../../src/event-log/overloaded.js';
import { createApp } from '../../../src/http/app.js';
import { openApiDocument } from '../../../src/http/contract/openapi.js';
import { type ProblemName, problemTypes } from '../../../src/http/contract/problem-types.js';
import { createLargeCommands } from '../../../src/http/middleware/heavy-queries.js';
import { createPlaces } from '../../../src/http/middleware/in-flight-requests.js';
import { unlimitedRate } from '../../../src/http/middleware/rate-limit.js';
import { createClientAddresses } from '../../../src/http/request/client-address.js';
import { EventStreams } from '../../../src/http/response/event-streams.js';
import { resultsNotRead } from '../../../src/http/routes/batch-route.js';
import { commandRoutes } from '../../../src/http/routes/command-routes.js';
import { type HttpServer, startHttpServer } from '../../../src/http/server.js';
import { LogEpochs } from '../../../src/log-epochs.js';
import { rejected } from '../../../src/orders/decisions/rejection.js';
import { appender, event, orderIdIn } from '../../support/events.js';
import { type LocalService, startLocalService } from '../../support/local-service.js';
import { createTestLog, eventually, silent, type TestLog } from '../../support/servers.js';
import { call, type ServiceResponse } from '../../support/service.js';

const order = { user_id: 'u-1', item_ids: ['a', 'a'], total_amount: 10 };
const nowhere = '018f0000-0000-7000-8000-0000000000ff';

type Provoked = Pick<ServiceResponse, 'status' | 'problem'>;

describe('Problems', () => {
  let log: TestLog;
  let service: LocalService;
  let all: Record<string, string>;
  const opened: HttpServer[] = [];

  before(async () => {
    log = await createTestLog(4);
    service = await startLocalService(log, {
      LOG_LEVEL: 'silent',
      ORDERS_HEADERS_TIMEOUT_MS: '1000',
      ORDERS_JWKS_URL: 'http://127.0.0.1:9/jwks',
      ORDERS_JWT_ISSUER: 'https://issuer.example',
      ORDERS_JWT_AUDIENCE: 'orders',
    });
    all = await keyFor(...scopes);
  });
  after(async () => {
    await service.stop();
    await Promise.all(opened.map((server) => server.drain(100)));
    await log.close();
  });

  async function keyFor(...its: Scope[]): Promise<Record<string, string>> {
    const { key } = await createApiKey(log.pool, { name: 'test', scopes: its, expiresAt: null });
    return { authorization: `Bearer ${key}` };
  }
  const get = <Path extends string>(path: Path, headers = {}) =>
    call(service, 'GET', path, undefined, { ...all, ...headers });
  const post = <Path extends string>(path: Path, body?: unknown, headers = {}) =>
    call(service, 'POST', path, body, { ...all, ...headers });
  /** Places an order, sends commands to it, and returns the last response. */
  async function last(...commands: [name: string, body?: object][]) {
    const { order_id: id } = (await post('/orders', order)).body;
    let response: Provoked = await post('/orders', order);
    for (const [name, body] of commands) response = await post(`/orders/${id}/${name}`, body);
    return response;
  }

  /**
   * Places an order in an application with a command handler that fails as no request can cause.
   */
  async function withHandler(handleCommand: HandleCommand) {
    const dependencies = {
      continuity: { assertIntact: () => undefined, compare: async () => undefined },
      authenticate: authenticateNobody,
      rateLimit: unlimitedRate,
      addresses: createClientAddresses([]),
      corsOrigins: [],
      streams: new EventStreams(),
      log: silent,
    };
    const app = createApp(dependencies, new Registry(), (route) =>
      commandRoutes(route, {
        handleCommand,
        applied: { wait: async () => true, reached: async () => true },
        models: { projections: [], epochs: new LogEpochs() },
        places: createPlaces(),
        runLargeCommand: createLargeCommands(),
        defaultCurrency: 'USD',
      }),
    );
    const server = await startHttpServer(app, '127.0.0.1', 0);
    opened.push(server);
    return call(server, 'POST', '/orders', order);
  }

  /** Sends bytes and reads the response. */
  async function raw(bytes: string): Promise<Provoked> {
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.write(bytes);
    await eventually('the connection to be closed', () => socket.destroyed, 30_000);
    return { status: Number(text.split(' ')[1]), problem: JSON.parse(text.slice(text.indexOf('{'))) };
  }

  const provocations: Record<ProblemName, () => Promise<Provoked>> = {
    'malformed-json': () => post('/orders', '{"user_id":'),
    'invalid-header': () => post('/orders', order, { 'if-match': 'W/nonsense' }),
    'malformed-request': () => raw('GET / HTTP/9.9\r\n\r\n'),
    unauthenticated: () => call(service, 'GET', '/orders'),
    'insufficient-scope': async () => call(service, 'GET', '/orders', undefined, await keyFor('admin')),
    'foreign-request': async () => {
      const open = await startLocalService(log, { LOG_LEVEL: 'silent' });
      const response = await call(open, 'POST', '/orders', order, { origin: 'https://evil.example' });
      await open.stop();
      return response;
    },
    'not-found': () => get('/nothing'),
    'order-not-found': () => get(`/orders/${nowhere}`),
    'webhook-not-found': () => get(`/webhooks/${nowhere}`),
    'too-many-webhooks': async () => {
      let response = await post('/webhooks', { url: 'https://shop.example/' });
      while (response.status === 201) response = await post('/webhooks', { url: 'https://shop.example/' });
      return response;
    },
    'projection-not-found': () => post('/projections/nothing/rebuild'),
    'rebuild-not-found': () => call(service, 'DELETE', '/projections/metrics/rebuild', undefined, all),
    'run-not-found': () => call(service, 'DELETE', `/audit/verifications/${nowhere}`, undefined, all),
    'not-stopped': () => post('/projections/metrics/skip', { partition: 0, position: 1, reason: 'r' }),
    'key-not-found': () => call(service, 'DELETE', '/keys/0123456789ab', undefined, all),
    'no-signing-key': () => get('/audit/checkpoint'),
    'order-version-not-found': async () => {
      const { body } = await post('/orders', order);
      return get(`/orders/${body.order_id}?version=7`);
    },
    'method-not-allowed': () => call(service, 'DELETE', '/orders', undefined, all),
    'position-lost': () => get('/orders', { 'min-event-position': '0:1@2-0123abcd' }),
    'not-acceptable': () => get('/orders', { accept: 'image/png' }),
    'request-timeout': () => raw('GET /orders HTTP/1.1\r\nHost: localhost\r\nX-Slow:'),
    'order-exists': async () => {
      const { body } = await post('/orders', order);
      return post('/orders', { ...order, order_id: body.order_id, total_amount: 11 });
    },
    'invalid-transition': () => last(['deliver']),
    'order-on-hold': () => last(['hold', { reason: 'r' }], ['process']),
    'exceeds-amount-due': () => last(['pay', { amount: 11 }]),
    'exceeds-refundable-amount': () => last(['pay'], ['refund', { amount: 11, reason: 'r' }]),
    'exceeds-creditable-amount': () => last(['pay'], ['credit', { reason: 'r' }]),
    'amended-below-credited': () =>
      last(['credit', { amount: 5, reason: 'r' }], ['amend', { item_ids: ['a'], total_amount: 1, reason: 'r' }]),
    'wrong-cancelled-amount': () => last(['cancel', { amount: 11, reason: 'r' }]),
    'exceeds-units-in-transit': () =>
      last(['process'], ['ship'], ['deliver', { items: [{ item_id: 'a', quantity: 3 }] }]),
    'shipment-not-found': () => last(['process'], ['ship'], ['track', { shipment_id: '2', carrier: 'DHL' }]),
    'exceeds-ordered-quantity': () => last(['process'], ['ship', { items: [{ item_id: 'a', quantity: 3 }] }]),
    'exceeds-shipped-quantity': () =>
      last(
        ['process'],
        ['ship', { items: [{ item_id: 'a', quantity: 1 }] }],
        ['return', { items: [{ item_id: 'a', quantity: 2 }], reason: 'r' }],
      ),
    'person-erased': () =>
      withHandler(async () => ({ outcome: 'rejected', rejection: rejected('person-erased', undefined, 'Forgotten.') })),
    'order-history-full': () =>
      withHandler(async () => ({ outcome: 'rejected', rejection: rejected('order-history-full', undefined, 'Full.') })),
    'version-mismatch': async () => {
      const { body } = await post('/orders', order);
      return post(`/orders/${body.order_id}/pay`, {}, { 'if-match': '"9"' });
    },
    'body-too-large': () => post('/orders', { ...order, user_id: 'u'.repeat(600_000) }),
    'results-not-read': async () => ({ status: 413, problem: JSON.parse(JSON.stringify(resultsNotRead(7))) }),
    'unsupported-media-type': () =>
      post('/orders', 'user_id=u', { 'content-type': 'application/x-www-form-urlencoded' }),
    'headers-too-large': () => raw(`GET / HTTP/1.1\r\nHost: localhost\r\nX-Large: ${'x'.repeat(20_000)}\r\n\r\n`),
    validation: () => post('/orders', { user_id: 'u-1' }),
    'idempotency-key-reused': async () => {
      await post('/orders', order, { 'idempotency-key': 'reused' });
      return post('/orders', { ...order, total_amount: 11 }, { 'idempotency-key': 'reused' });
    },
    'invalid-cursor': () => get('/orders?cursor=nonsense'),
    'too-many-buckets': async () => {
      await post('/orders', { ...order, occurred_at: '1990-01-01T00:00:00Z' }, { prefer: 'wait=10' });
      return get('/orders/metrics?interval=hour');
    },
    'rate-limited': async () => {
      const limited = await startLocalService(log, { ORDERS_RATE_LIMIT_PER_MINUTE: '1', LOG_LEVEL: 'silent' });
      await call(limited, 'GET', '/problems');
      const response = await call(limited, 'GET', '/problems');
      await limited.stop();
      return response;
    },
    'token-issuer-unavailable': () =>
      get('/orders', { authorization: 'Bearer eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1In0.c2ln' }),
    overloaded: () =>
      withHandler(async () => {
        throw new Overloaded('commands', 1);
      }),
    contended: () => withHandler(async () => ({ outcome: 'contended' })),
    'event-log-unavailable': () =>
      withHandler(async () => {
        throw Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
      }),
    'log-went-back': () =>
      withHandler(async () => {
        throw new LogWentBack('The log went back: partition 0 ends at 1, but 2 was known.');
      }),
    'clock-behind': () =>
      withHandler(async () => {
        throw new ClockBehind('The append was refused.');
      }),
    'read-models-unavailable': async () => {
      const away = await startLocalService({ ...log, redisUrl: 'redis://127.0.0.1:9' }, { LOG_LEVEL: 'silent' });
      const response = await call(away, 'GET', '/orders');
      await away.stop();
      return response;
    },
    'position-not-reached': async () => {
      const unprojected = await createTestLog(1);
      const alone = await startLocalService(unprojected, { LOG_LEVEL: 'silent', ORDERS_ROLES: 'api' });
      const placed = await call(alone, 'POST', '/orders', order, { prefer: 'respond-async' });
      const position = placed.headers.get('event-position') ?? '';
      const response = await call(alone, 'GET', '/orders', undefined, { 'min-event-position': position });
      await alone.stop();
      await unprojected.close();
      return response;
    },
    'unreadable-event': async () => {
      const orderId = orderIdIn(0, 4);
      await appender(log)({ orderId, expectedVersion: 0, events: [event('OrderPlaced', { secret: 1 })] });
      return post(`/orders/${orderId}/pay`, {});
    },
    'internal-error': () =>
      withHandler(async () => {
        throw new Error('a secret that no response contains');
      }),
  };

  for (const [name, provoke] of Object.entries(provocations)) {
    it(`the problem ${name} can be provoked, and its page says what to do`, async () => {
      const { status, title, explanation } = problemTypes[name as ProblemName];
      const { problem, status: responded } = await provoke();
      expect([problem.type, problem.status, problem.title, responded]).to.deep.equal([
        `/problems/${name}`,
        status,
        title,
        status,
      ]);
      expect(problem.detail)
        .to.match(/\S/)
        .and.not.match(/secret| {4}at /);
      const page = await get(problem.type);
      expect(page.headers.get('content-type')).to.match(/^text\/html/);
      const text = page.text.replace(/<[^>]+>/g, '').replaceAll('&lt;', '<');
      expect(text).to.include(title).and.to.include(explanation.replaceAll('`', ''));
      expect(JSON.stringify(openApiDocument()), 'the OpenAPI document contains it').to.include(`"/problems/${name}"`);
    });
  }
});
