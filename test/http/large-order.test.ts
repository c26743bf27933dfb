import { expect } from 'chai';
import { httpLimits } from '../../src/http/limits.js';
import { orderLimits } from '../../src/orders/limits.js';
import { call, useService } from '../support/service.js';

describe('The largest order', () => {
  const service = useService();

  it('an order with the maximum of lines fits the limit of bodies, and lives as any other', async () => {
    const items = Array.from({ length: orderLimits.maxItems }, (_, nth) => ({
      item_id: `article-${String(nth).padStart(6, '0')}`,
      quantity: 2,
      unit_price: '12.34',
    }));
    const placed = { user_id: 'u-1', currency: 'USD', items };
    expect(JSON.stringify(placed).length).to.be.lessThan(httpLimits.maxBodyBytes);
    const prefer = { prefer: 'wait=10' };
    const { status, body, text } = await call(service, 'POST', '/orders', placed, prefer);
    expect(status, text.slice(0, 500)).to.equal(201);
    expect([body.items.length, body.total_amount]).to.deep.equal([orderLimits.maxItems, 123_400]);
    const path = `/orders/${body.order_id}` as const;
    for (const command of ['pay', 'process', 'ship', 'deliver']) {
      const response = await call(service, 'POST', `${path}/${command}`, {}, prefer);
      expect(response.status, `${command}: ${response.text.slice(0, 500)}`).to.equal(200);
    }
    const { body: order } = await call(service, 'GET', path);
    expect([order.status, order.balance, order.shipments[0]?.items.length]).to.deep.equal([
      'delivered',
      0,
      orderLimits.maxItems,
    ]);
    const tooMany = { ...placed, items: [...items, ...items.slice(0, 1)] };
    expect((await call(service, 'POST', '/orders', tooMany)).status).to.equal(422);
  });
});
