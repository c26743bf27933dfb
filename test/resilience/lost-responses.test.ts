import { expect } from 'chai';
import { type LocalService, startLocalService } from '../support/local-service.js';
import { createTestLog, type TestLog } from '../support/servers.js';
import { call, getHistory } from '../support/service.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';

describe('a command whose response from PostgreSQL is lost', () => {
  let log: TestLog;
  let proxy: TcpProxy;
  let service: LocalService;
  before(async () => {
    log = await createTestLog();
    proxy = await startTcpProxy(log.databaseUrl);
    service = await startLocalService({ ...log, databaseUrl: proxy.url }, { LOG_LEVEL: 'silent' });
  });
  after(async () => {
    await service?.stop();
    await proxy?.close();
    await log?.close();
  });

  const order = { user_id: 'u', item_ids: ['a'], total_amount: 10 };
  /** The name of the statement that appends one order. */
  const appending = 'append-to-one';

  for (const when of ['answered', 'before'] as const) {
    it(`is done once, and succeeds, if the connection broke ${when === 'before' ? 'before' : 'after'} the commit`, async () => {
      const lost = proxy.breakAt(appending, when);
      const placed = await call(service, 'POST', '/orders', order);
      await lost;
      expect(placed.status, placed.text).to.equal(201);
      const id = placed.body.order_id;
      const lostAgain = proxy.breakAt(appending, when);
      const paid = await call(service, 'POST', `/orders/${id}/pay`, { amount: 4 });
      await lostAgain;
      expect(paid.status, paid.text).to.equal(200);
      expect(paid.body).to.deep.include({ version: 2, paid_amount: 4 });
      const { events } = await getHistory(service, id, '', {
        'min-event-position': paid.headers.get('event-position') ?? '',
      });
      expect(events.map(({ type }) => type)).to.deep.equal(['OrderPlaced', 'OrderPaid']);
    });
  }

  it('is a 503 that says so if PostgreSQL stays away, and its repetition is done once', async () => {
    const key = { 'idempotency-key': 'lost' };
    const lost = proxy.breakAt(appending, 'answered').then(() => proxy.refuse());
    const unknown = await call(service, 'POST', '/orders', order, key);
    await lost;
    expect(unknown.status).to.equal(503);
    expect(unknown.headers.get('retry-after')).to.match(/^\d+$/);
    expect(unknown.problem).to.deep.include({ type: '/problems/event-log-unavailable', may_have_been_done: true });
    const notDone = await call(service, 'POST', '/orders', order);
    expect(notDone.status).to.equal(503);
    expect(notDone.problem).to.deep.include({ type: '/problems/event-log-unavailable', may_have_been_done: false });
    expect(notDone.problem.detail).to.match(/PostgreSQL cannot be reached\. Nothing was changed/);
    proxy.accept();
    const repeated = await call(service, 'POST', '/orders', order, key);
    expect([repeated.status, repeated.headers.get('idempotency-replayed')]).to.deep.equal([201, 'true']);
    const { rows } = await log.owner.query('select count(*)::int as events from events where order_id = $1', [
      repeated.body.order_id,
    ]);
    expect(rows).to.deep.equal([{ events: 1 }]);
  });

  it('within a batch is done once', async () => {
    const lines = Array.from({ length: 20 }, (_, nth) =>
      JSON.stringify({ command: 'place', ...order, user_id: `b-${nth}` }),
    );
    const lost = proxy.breakAt('append-all', 'answered');
    const response = await fetch(`${service.url}/orders/batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: lines.join('\n'),
    });
    const statuses = (await response.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).status);
    await lost;
    expect(statuses).to.deep.equal(lines.map(() => 201));
    const { rows } = await log.owner.query(`select count(*)::int as n from events where data->>'user_id' like 'b-%'`);
    expect(rows).to.deep.equal([{ n: 20 }]);
  });
});
