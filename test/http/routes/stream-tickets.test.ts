import { expect } from 'chai';
import { Registry } from 'prom-client';
import { createApiKey, revokeApiKey } from '../../../src/access/api-keys.js';
import { authenticateNobody } from '../../../src/access/authenticate.js';
import type { Scope } from '../../../src/access/scopes.js';
import { Overloaded } from '../../../src/event-log/overloaded.js';
import { createApp } from '../../../src/http/app.js';
import { unlimitedRate } from '../../../src/http/middleware/rate-limit.js';
import { createClientAddresses } from '../../../src/http/request/client-address.js';
import { EventStreams } from '../../../src/http/response/event-streams.js';
import { startHttpServer } from '../../../src/http/server.js';
import { openStream } from '../../support/event-stream.js';
import { type LocalService, startLocalService } from '../../support/local-service.js';
import { createTestLog, eventually, silent, type TestLog } from '../../support/servers.js';
import { call } from '../../support/service.js';
import { issuerEnv, startIssuer, type TokenIssuer } from '../../support/token-issuer.js';

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const order = { user_id: 'u-1', item_ids: ['a'], total_amount: 10 };

describe('Streams that a browser opens', () => {
  let log: TestLog;
  let issuer: TokenIssuer;
  let services: [LocalService, LocalService];
  before(async () => {
    log = await createTestLog(2);
    issuer = await startIssuer();
    await issuer.addKey('one');
    services = [
      await startLocalService(log, issuerEnv(issuer.url)),
      await startLocalService(log, { ...issuerEnv(issuer.url), ORDERS_ROLES: 'api' }),
    ];
  });
  after(async () => {
    for (const service of services) await service.stop();
    await log.close();
    issuer.stop();
  });

  const newKey = (...scopes: Scope[]) => createApiKey(log.pool, { name: 'test', scopes, expiresAt: null });
  const newTicket = async (credentials: string) =>
    (await call(services[0], 'POST', '/streams/tickets', undefined, bearer(credentials))).body;
  const failure = (url: string) => openStream(url).catch((error: Error) => error.message);

  it('a ticket opens one stream in any process, without a header', async () => {
    const { key } = await newKey('orders:read', 'orders:write');
    const { ticket, expires_at } = await newTicket(key);
    expect(Date.parse(expires_at) - Date.now()).to.be.within(50_000, 60_000);
    const stream = await openStream(`${services[1].url}/orders/stream?ticket=${ticket}`);
    await call(services[0], 'POST', '/orders', order, bearer(key));
    await eventually('the change', () => stream.messages.length === 1);
    stream.close();
    for (const service of services) {
      expect(await failure(`${service.url}/orders/stream?ticket=${ticket}`)).to.match(/401.*The ticket is unknown/s);
    }
  });

  it('a ticket is kept for a minute, and Redis does not know it', async () => {
    const { ticket } = await newTicket((await newKey('orders:read')).key);
    const names = await log.redis.keys(`${log.keys.ticketPrefix}*`);
    expect(names.join()).not.to.include(ticket);
    for (const name of names) expect(await log.redis.pttl(name)).to.be.within(1, 60_000);
  });

  it('a ticket gives the scopes and the orders of its caller, and opens nothing but streams', async () => {
    const own = await issuer.sign({ sub: 'ada', scope: 'orders:read:own' });
    const ticketOf = async () => (await newTicket(own)).ticket;
    expect(await failure(`${services[0].url}/orders/stream?user_id=bob&ticket=${await ticketOf()}`)).to.match(/403/);
    expect(await failure(`${services[0].url}/projections?ticket=${await ticketOf()}`)).to.match(/403/);
    const stream = await openStream(`${services[0].url}/orders/stream?ticket=${await ticketOf()}`);
    stream.close();
    expect((await fetch(`${services[0].url}/orders?ticket=${await ticketOf()}`)).status).to.equal(401);
    const { key } = await newKey('metrics:read');
    const projections = await openStream(`${services[0].url}/projections?ticket=${(await newTicket(key)).ticket}`);
    projections.close();
  });

  it('a stream that a ticket has opened ends when the key of the ticket is revoked', async () => {
    const { id, key } = await newKey('orders:read');
    const [used, late] = [await newTicket(key), await newTicket(key)];
    const stream = await openStream(`${services[1].url}/orders/stream?ticket=${used.ticket}`);
    await revokeApiKey(log.pool, id);
    await stream.ended;
    expect(stream.messages.at(-1)?.event).to.equal('problem');
    expect(await failure(`${services[1].url}/orders/stream?ticket=${late.ticket}`)).to.match(/401/);
  });

  it('a new EventSource continues where the one before it ended', async () => {
    const { key } = await newKey('orders:read', 'orders:write');
    const open = async (query: string) =>
      openStream(`${services[0].url}/orders/stream?ticket=${(await newTicket(key)).ticket}${query}`);
    const first = await open('');
    const id = await eventually('the first id', () => first.lastId());
    first.close();
    await call(services[0], 'POST', '/orders', order, { ...bearer(key), prefer: 'wait=5' });
    const second = await open(`&last_event_id=${id}`);
    await eventually('the change', () => second.messages.length === 1);
    second.close();
  });

  it('a temporary problem is a message with a retry time for EventSource, and a status for others', async () => {
    const dependencies = {
      authenticate: authenticateNobody,
      rateLimit: unlimitedRate,
      addresses: createClientAddresses([]),
      corsOrigins: [],
      streams: new EventStreams(),
      log: silent,
    };
    const app = createApp(dependencies, new Registry(), (route) =>
      route('streamOrders', () => {
        throw new Overloaded('event streams', 4_000);
      }),
    );
    const server = await startHttpServer(app, '127.0.0.1', 0);
    const stream = await openStream(`${server.url}/orders/stream`);
    await stream.ended;
    expect(stream.retryMs()).to.equal(1_000);
    expect(stream.messages.map(({ event }) => event)).to.deep.equal(['problem']);
    expect(JSON.parse(stream.messages[0]?.data ?? '')).to.include({ type: '/problems/overloaded', status: 503 });
    const other = await fetch(`${server.url}/orders/stream`);
    expect([other.status, other.headers.get('content-type')]).to.deep.equal([503, 'application/problem+json']);
    await server.drain(1_000);
  });
});
