import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { problemTypes } from '../../../src/http/contract/problem-types.js';
import type { CommandName } from '../../../src/orders/commands.js';
import { call, getHistory, useService } from '../../support/service.js';

describe('The HTTP contract', () => {
  const service = useService();

  const order = { user_id: 'u-1', items: [{ item_id: 'a', quantity: 2, unit_price: 10 }], total_amount: '20.00' };
  const place = async (body: object = order, headers = {}) => call(service, 'POST', '/orders', body, headers);
  const command = (
    id: string,
    name: Exclude<CommandName, 'place'>,
    body: object | undefined = undefined,
    headers = {},
  ) => call(service, 'POST', `/orders/${id}/${name}`, body, headers);

  describe('POST /orders', () => {
    it('POST /orders responds 201 with the order, its location, its version and its position', async () => {
      const { status, headers, body } = await place();
      expect(status).to.equal(201);
      expect(headers.get('location')).to.equal(`/orders/${body.order_id}`);
      expect(headers.get('etag')).to.equal('"1"');
      expect(headers.get('event-position')).to.match(/^\d+:\d+$/);
      expect(headers.get('x-request-id')).to.match(/.+/);
      const { order_id, placed_at, updated_at, ...rest } = body;
      expect(order_id).to.match(/^[\da-f-]{36}$/);
      expect(Date.parse(placed_at)).to.be.closeTo(Date.now(), 60_000);
      expect(updated_at).to.match(/Z$/);
      expect(rest).to.deep.equal({
        reference: null,
        user_id: 'u-1',
        status: 'pending',
        payment_status: 'unpaid',
        on_hold: false,
        items: [
          {
            ...{ line_id: '1', item_id: 'a', quantity: 2, unit_price: 10 },
            ...{ cancelled: 0, shipped: 0, delivered: 0, returned: 0 },
          },
        ],
        item_ids: ['a'],
        adjustments: [],
        total_amount: 20,
        currency: 'USD',
        cancelled_amount: 0,
        credited_amount: 0,
        paid_amount: 0,
        refunded_amount: 0,
        balance: 20,
        shipments: [],
        metadata: {},
        version: 1,
      });
    });

    it('POST /orders accepts an order id from the client, and responds to a repetition with its key as to the first request', async () => {
      const order_id = randomUUID();
      const key = { 'idempotency-key': randomUUID() };
      const first = await place({ ...order, order_id }, key);
      const second = await place({ ...order, order_id: order_id.toUpperCase() }, key);
      expect([first.status, second.status]).to.deep.equal([201, 201]);
      expect(second.headers.get('idempotency-replayed')).to.equal('true');
      expect(second.body).to.deep.equal(first.body);
      for (const user_id of [order.user_id, 'u-2']) {
        const other = await place({ ...order, order_id, user_id });
        expect([other.status, other.problem.type]).to.deep.equal([409, '/problems/order-exists']);
      }
    });

    it('50 identical POST /orders with one Idempotency-Key place one order and get 50 equal responses', async () => {
      const key = randomUUID();
      const responses = await Promise.all(Array.from({ length: 50 }, () => place(order, { 'idempotency-key': key })));
      expect(new Set(responses.map(({ text }) => text)).size).to.equal(1);
      expect(new Set(responses.map(({ status }) => status))).to.deep.equal(new Set([201]));
      expect(responses.filter(({ headers }) => !headers.has('idempotency-replayed'))).to.have.length(1);
      const reused = await place({ ...order, user_id: 'somebody else' }, { 'idempotency-key': key });
      expect([reused.status, reused.problem.type]).to.deep.equal([422, '/problems/idempotency-key-reused']);
    });

    it('POST /orders keeps the time in occurred_at', async () => {
      const { body } = await place({ ...order, occurred_at: '1997-01-01T10:00:00+02:00' });
      expect(body.placed_at).to.equal('1997-01-01T08:00:00.000Z');
    });
  });

  describe('POST /orders/{id}/{command}', () => {
    it('commands lead an order through its life, and each response shows the order after the command', async () => {
      const { body: placed } = await place();
      const id = placed.order_id;
      const steps: [Exclude<CommandName, 'place'>, object | undefined, object][] = [
        [
          'amend',
          { items: [{ item_id: 'a', quantity: 3 }], total_amount: 30, reason: 'one more' },
          { total_amount: 30, status: 'pending' },
        ],
        [
          'pay',
          { amount: '10.00', payment_reference: 'visa-1' },
          { payment_status: 'partially_paid', paid_amount: 10 },
        ],
        ['pay', undefined, { payment_status: 'paid', paid_amount: 30 }],
        ['hold', { reason: 'check' }, { on_hold: true }],
        ['release', { reason: 'fine' }, { on_hold: false }],
        ['process', undefined, { status: 'processing' }],
        [
          'ship',
          { items: [{ item_id: 'a', quantity: 1 }], carrier: 'DHL', tracking_number: '1Z' },
          { status: 'partially_shipped' },
        ],
        ['ship', undefined, { status: 'shipped' }],
        ['deliver', undefined, { status: 'delivered' }],
        ['return', { items: [{ item_id: 'a', quantity: 1 }], reason: 'broken' }, { status: 'partially_returned' }],
        ['refund', { amount: 10, reason: 'broken' }, { payment_status: 'partially_refunded', refunded_amount: 10 }],
        ['note', { text: 'called the customer' }, { version: 13 }],
      ];
      for (const [name, body, expected] of steps) {
        const response = await command(id, name, body);
        expect(response.status, `${name}: ${response.text}`).to.equal(200);
        expect(response.body, name).to.deep.include(expected);
        // A client reads its own writes at once.
        expect((await call(service, 'GET', `/orders/${id}`)).body, name).to.deep.equal(response.body);
      }
    });

    it('a command that the order’s status forbids gets 409 with the status and the allowed commands', async () => {
      const { body } = await place();
      const response = await command(body.order_id, 'deliver');
      expect(response.status).to.equal(409);
      expect(response.headers.get('content-type')).to.match(/^application\/problem\+json/);
      expect(response.problem).to.deep.include({
        type: '/problems/invalid-transition',
        status: 409,
        current_status: 'pending',
        current_version: 1,
        allowed_commands: ['amend', 'pay', 'process', 'cancel', 'credit', 'hold', 'note'],
        instance: `/orders/${body.order_id}/deliver`,
      });
    });

    it('a command with If-Match is rejected with 412 if the order has another version', async () => {
      const { body } = await place();
      const stale = await command(body.order_id, 'note', { text: 'x' }, { 'if-match': '"7"' });
      expect([stale.status, stale.problem.current_version, stale.headers.get('etag')]).to.deep.equal([412, 1, '"1"']);
      expect((await command(body.order_id, 'note', { text: 'x' }, { 'if-match': '"1"' })).status).to.equal(200);
      expect((await command(body.order_id, 'note', { text: 'x' }, { 'if-match': '*' })).status).to.equal(200);
      expect((await place(order, { 'if-match': '"1"' })).status).to.equal(412);
    });

    it('concurrent commands on one order are decided one by one: of 30 payments of a tenth, ten succeed', async () => {
      const { body } = await place();
      const responses = await Promise.all(
        Array.from({ length: 30 }, () => command(body.order_id, 'pay', { amount: 2 })),
      );
      expect(responses.filter(({ status }) => status === 200)).to.have.length(10);
      expect(
        responses.filter(
          (response) => response.status === 409 && response.problem.type === '/problems/exceeds-amount-due',
        ),
      ).to.have.length(20);
      expect((await call(service, 'GET', `/orders/${body.order_id}`)).body).to.deep.include({
        payment_status: 'paid',
        version: 11,
      });
    });

    it('a command repeated with its Idempotency-Key gets its first response, even if the order has changed since', async () => {
      const { body } = await place();
      const first = await command(body.order_id, 'pay', { amount: 5 }, { 'idempotency-key': 'pay-1' });
      await command(body.order_id, 'process');
      const again = await command(body.order_id, 'pay', { amount: 5 }, { 'idempotency-key': 'pay-1' });
      expect(again.text).to.equal(first.text);
      expect([again.headers.get('etag'), again.headers.get('idempotency-replayed')]).to.deep.equal(['"2"', 'true']);
      expect((await command(body.order_id, 'pay', { amount: 6 }, { 'idempotency-key': 'pay-1' })).status).to.equal(422);
      expect((await command(body.order_id, 'note', { text: 'x' }, { 'idempotency-key': 'pay-1' })).status).to.equal(
        422,
      );
    });

    it('a command with Prefer: respond-async gets its response before the projections have applied it', async () => {
      const { headers, body } = await place(order, { prefer: 'respond-async' });
      expect(headers.get('preference-applied')).to.equal('respond-async');
      const read = await call(service, 'GET', `/orders/${body.order_id}`, undefined, {
        'min-event-position': headers.get('event-position') ?? '',
      });
      expect(read.status).to.equal(200);
    });

    it('the event of a command has the actor, the request id and the trace', async () => {
      const { body } = await place(order, {
        'x-request-id': 'req-42',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        'idempotency-key': 'k-42',
      });
      const history = await getHistory(service, body.order_id);
      expect(history.events[0]).to.deep.include({
        actor: 'anonymous',
        request_id: 'req-42',
        correlation_id: '0af7651916cd43dd8448eb211c80319c',
        causation_id: 'b7ad6b7169203331',
        idempotency_key: 'k-42',
      });
    });
  });

  describe('GET /orders/{id}', () => {
    it('GET /orders/{id} shows the order at an earlier version or time', async () => {
      const { body: v1 } = await place();
      const { body: v2 } = await command(v1.order_id, 'pay', { amount: 5 });
      const { body: v3 } = await command(v1.order_id, 'process');
      const get = (query: string) => call(service, 'GET', `/orders/${v1.order_id}?${query}`);
      expect((await get('version=1')).body).to.deep.equal(v1);
      expect((await get('version=2')).body).to.deep.equal(v2);
      expect((await get(`at=${v2.updated_at}`)).body).to.deep.equal(v2.updated_at === v3.updated_at ? v3 : v2);
      expect((await get('at=2199-01-01T00:00:00Z')).body).to.deep.equal(v3);
      expect((await get('version=4')).problem.type).to.equal('/problems/order-version-not-found');
      expect((await get('at=2000-01-01T00:00:00Z')).problem.type).to.equal('/problems/order-version-not-found');
    });

    it('GET /orders/{id} responds 304 to a client that has this version', async () => {
      const { body } = await place();
      const response = await call(service, 'GET', `/orders/${body.order_id}`, undefined, { 'if-none-match': '"1"' });
      expect([response.status, response.text]).to.deep.equal([304, '']);
    });

    it('GET /orders/{id} responds 503 with Retry-After if Min-Event-Position is not reached in time', async () => {
      const response = await call(service, 'GET', `/orders/${randomUUID()}`, undefined, {
        'min-event-position': '3:999999',
      });
      expect([response.status, response.problem.type]).to.deep.equal([503, '/problems/position-not-reached']);
      expect(response.headers.get('retry-after')).to.equal('1');
    });
  });

  it('GET /orders/{id}/history responds with CSV that contains no spreadsheet formulas', async () => {
    const { body } = await place({ ...order, user_id: '=1+1' });
    const note = { text: 'a "quoted", note\nin two lines' };
    const noted = await command(body.order_id, 'note', note, { 'idempotency-key': '=cmd' });
    const { text, headers } = await call(service, 'GET', `/orders/${body.order_id}/history`, undefined, {
      accept: 'text/csv',
      'min-event-position': noted.headers.get('event-position') ?? '',
    });
    expect(headers.get('content-type')).to.match(/^text\/csv/);
    const lines = text.split('\r\n');
    expect(lines).to.have.length(4);
    expect(lines[0]).to.match(/^order_id,version,type,actor,occurred_at/);
    expect(lines[2]).to.include(`,'=cmd,`).and.to.include('""text"":""a');
  });

  it('GET /projections, /health and /metrics show every projection and its health', async () => {
    const { body } = await call(service, 'GET', '/projections');
    const names = body.projections.map(({ name }) => name);
    expect(names).to.deep.equal(['order-status', 'order-history', 'metrics', 'order-lookup']);
    expect(body.projections[0]?.partitions).to.have.length(16);
    expect((await call(service, 'GET', '/health/live')).status).to.equal(200);
    expect((await call(service, 'GET', '/health/ready')).body).to.deep.equal({
      status: 'ready',
      checks: { event_log: 'up', read_models: 'up', notifications: 'up', projections: 'live' },
    });
    expect((await call(service, 'GET', '/metrics')).text).to.match(
      /orders_projection_lag_events\{projection="metrics",partition="0"\} 0/,
    );
  });

  it('every problem type has a page', async () => {
    for (const [name, { title }] of Object.entries(problemTypes)) {
      const page = await call(service, 'GET', `/problems/${name}`);
      expect([page.status, page.text.includes(title)], name).to.deep.equal([200, true]);
    }
    expect((await call(service, 'GET', '/problems/constructor')).status).to.equal(404);
  });
});
