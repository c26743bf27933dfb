import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { createApiKey } from '../../src/access/api-keys.js';
import type { Scope } from '../../src/access/scopes.js';
import { call, getHistory, useService } from '../support/service.js';

/** The life of an order, with the day of January on which each of its events happened. */
const life = [
  ['pay', { payment_reference: 'p-1' }, 2],
  ['hold', { reason: 'r' }, 3],
  ['release', { reason: 'r' }, 3],
  ['process', {}, 4],
  ['ship', { carrier: 'DHL' }, 5],
  ['track', { shipment_id: '1', tracking_number: 'T-1' }, 5],
  ['deliver', {}, 8],
  ['return', { reason: 'r' }, 20],
  ['refund', { reason: 'r' }, 21],
  ['amend', { reference: '#1' }, 22],
  ['note', { text: 'n' }, 23],
] as const;
const placed = { user_id: 'u-1', item_ids: ['a'], total_amount: 10 };

const day = (nth: number) => `2024-01-${String(nth).padStart(2, '0')}T00:00:00.000Z`;

describe('occurred_at', () => {
  const service = useService();
  const days = [day(1), ...life.map(([, , nth]) => day(nth))];

  it('every command takes the time at which it happened, and the order and the metrics show it', async () => {
    const { body } = await call(service, 'POST', '/orders', { ...placed, occurred_at: day(1) });
    const path = `/orders/${body.order_id}` as const;
    for (const [command, data, nth] of life) {
      const body = { ...data, occurred_at: day(nth) };
      const { status, text } = await call(service, 'POST', `${path}/${command}`, body, { prefer: 'wait=10' });
      expect(status, text).to.equal(200);
    }
    const { events } = await getHistory(service, body.order_id);
    expect(events.map(({ occurred_at }) => occurred_at)).to.deep.equal(days);
    const { shipments } = (await call(service, 'GET', path)).body;
    expect(shipments).to.deep.equal([
      {
        ...{ shipment_id: '1', items: [{ line_id: '1', item_id: 'a', quantity: 1 }] },
        ...{ carrier: 'DHL', tracking_number: 'T-1', shipped_at: day(5), delivered_at: day(8) },
      },
    ]);
    const { processing_time } = (await call(service, 'GET', '/orders/metrics')).body;
    expect([processing_time.placed_to_shipped.mean, processing_time.placed_to_delivered.mean]).to.deep.equal([
      4 * 86_400,
      7 * 86_400,
    ]);
  });

  it('the lines of a batch take the time at which they happened', async () => {
    const order_id = randomUUID();
    const lines = [
      { command: 'place', order_id, ...placed, occurred_at: day(1) },
      ...life.map(([command, data, nth]) => ({ command, order_id, ...data, occurred_at: day(nth) })),
      { command: 'credit', order_id, reason: 'r', occurred_at: '2023-12-31T00:00:00Z' },
    ];
    const { text } = await call(
      service,
      'POST',
      '/orders/batch',
      lines.map((line) => JSON.stringify(line)).join('\n'),
      { 'content-type': 'application/x-ndjson', prefer: 'wait=10' },
    );
    const responses = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { status: number });
    expect(responses.map(({ status }) => status)).to.deep.equal([201, ...life.map(() => 200), 409]);
    const { events } = await getHistory(service, order_id);
    expect(events.map(({ occurred_at }) => occurred_at)).to.deep.equal(days);
  });

  it('a command may not happen before what it depends on, or more than five minutes ahead', async () => {
    const { body } = await call(service, 'POST', '/orders', { ...placed, occurred_at: day(3) });
    const path = `/orders/${body.order_id}` as const;
    const at = async (command: string, data: object, occurred_at: string) => {
      const response = await call(service, 'POST', `${path}/${command}`, { ...data, occurred_at });
      return response.status === 200 ? 200 : [response.status, response.problem.errors?.[0]?.pointer];
    };
    const tooEarly = [422, '/occurred_at'];
    expect(await at('process', {}, day(2))).to.deep.equal(tooEarly);
    expect(await at('process', {}, day(3))).to.equal(200);
    expect(await at('ship', {}, day(5))).to.equal(200);
    expect(await at('deliver', {}, day(4))).to.deep.equal(tooEarly);
    expect(await at('pay', {}, day(6))).to.equal(200);
    expect(await at('refund', { reason: 'r' }, day(5))).to.deep.equal(tooEarly);
    const ahead = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();
    expect(await at('note', { text: 'n' }, ahead(6))).to.deep.equal(tooEarly);
    expect(await at('note', { text: 'n' }, ahead(4))).to.equal(200);
  });

  it('without it, a command happens now, or when its order was placed if that is later', async () => {
    const occurred_at = new Date(Date.now() + 4 * 60_000).toISOString();
    const { body } = await call(service, 'POST', '/orders', { ...placed, occurred_at });
    await call(service, 'POST', `/orders/${body.order_id}/note`, { text: 'n' }, { prefer: 'wait=10' });
    const { events } = await getHistory(service, body.order_id);
    expect(events.map((event) => event.occurred_at)).to.deep.equal([occurred_at, occurred_at]);
  });
});

describe('the scope of occurred_at', () => {
  const service = useService({ ORDERS_AUTH: 'required' });

  it('a command with occurred_at needs the scope orders:import', async () => {
    const keyFor = async (...scopes: Scope[]) => {
      const { key } = await createApiKey(service.log.pool, { name: 'test', scopes, expiresAt: null });
      return { authorization: `Bearer ${key}` };
    };
    const writer = await keyFor('orders:write');
    const importer = await keyFor('orders:write', 'orders:import');
    const { body } = await call(service, 'POST', '/orders', { ...placed, occurred_at: day(1) }, importer);
    const note = { text: 'n', occurred_at: day(2) };
    const path = `/orders/${body.order_id}/note`;
    const refused = await call(service, 'POST', path, note, writer);
    expect([refused.status, refused.problem.required_scopes]).to.deep.equal([403, ['orders:import']]);
    expect((await call(service, 'POST', path, note, importer)).status).to.equal(200);
  });
});
