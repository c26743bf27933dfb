import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { appender } from '../../support/events.js';
import { projected } from '../../support/read-models.js';
import { call, getHistory, useService } from '../../support/service.js';

describe('Currencies of orders', () => {
  const service = useService();
  const wait = { prefer: 'wait=5' };

  it('an order in a withdrawn currency is placed, paid and counted like any other', async () => {
    for (const [currency, sent, amount] of [
      ['HRK', '59.9800', 59.98],
      ['DEM', '.5', 0.5],
      ['ITL', '120000.00', 120_000],
    ] as const) {
      const placed = await call(
        service,
        'POST',
        '/orders',
        { user_id: 'u', item_ids: ['a'], total_amount: sent, currency },
        wait,
      );
      expect(placed.status, placed.text).to.equal(201);
      expect(placed.body).to.include({ currency, total_amount: amount });
      const paid = await call(service, 'POST', `/orders/${placed.body.order_id}/pay`, { amount: sent }, wait);
      expect(paid.body).to.include({ payment_status: 'paid' });
      const { body } = await call(service, 'GET', `/orders/metrics?currency=${currency}`);
      expect(body.revenue).to.include({ gross: amount, paid: amount });
    }
  });

  it('an order in a currency that this version does not know is read, listed, counted and paid', async () => {
    // A newer version of the service, or one with another table of currencies, placed it.
    const id = randomUUID();
    const data = {
      user_id: 'u-new',
      currency: 'QQQ',
      total_minor: 1_250,
      items: [{ item_id: 'a', quantity: 1, unit_price_minor: 1_250 }],
      metadata: {},
    };
    await appender(service.log)({
      orderId: id,
      expectedVersion: 0,
      events: [
        {
          type: 'OrderPlaced',
          data: JSON.stringify(data),
          metadata: JSON.stringify({ schema: 1, actor: 'test' }),
          occurredAt: '2026-01-01T00:00:00.000Z',
        },
      ],
    });
    await projected(service.log);
    const order = await call(service, 'GET', `/orders/${id}`);
    expect(order.body).to.include({ currency: 'QQQ', total_amount: 12.5 });
    const page = await call(service, 'GET', '/orders?user_id=u-new');
    expect(page.body.orders.map(({ order_id }) => order_id)).to.deep.equal([id]);
    expect((await getHistory(service, id)).events).to.have.length(1);
    const metrics = await call(service, 'GET', '/orders/metrics');
    expect(metrics.body.other_currencies).to.include('QQQ');
    const paid = await call(service, 'POST', `/orders/${id}/pay`, { amount: '12.50' }, wait);
    expect(paid.status, paid.text).to.equal(200);
    expect(paid.body).to.include({ payment_status: 'paid', paid_amount: 12.5 });
  });
});
