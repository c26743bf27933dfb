import { expect } from 'chai';
import type { Order } from '../support/api-types.js';
import { blocksRunBy } from '../support/block-runs.js';
import { recipes } from '../support/orders-page.js';
import { call, useService } from '../support/service.js';

describe('docs/orders.md', () => {
  const service = useService();

  it('has the ten recipes', () => {
    expect([...recipes().keys()]).to.deep.equal([
      ...['Split shipment', 'Exchange', 'Refused parcel', 'Late payment', 'Partial refund by line'],
      ...['Cash on delivery', 'Lost parcel', 'Overpayment', 'Chargeback', 'Rest cancelled'],
    ]);
  });

  it('has one recipe in each block', () => {
    expect(blocksRunBy('test/docs/orders.test.ts')).to.have.length(recipes().size);
  });

  for (const [title, steps] of recipes()) {
    it(`the recipe "${title}" leads to what the page says`, async () => {
      let order: Order | undefined;
      for (const { command, body, after } of steps) {
        const path = order === undefined ? '/orders' : `/orders/${order.order_id}/${command}`;
        const { status, text } = await call(service, 'POST', path, body);
        expect(status, `${command}: ${text}`).to.be.oneOf([200, 201]);
        order = JSON.parse(text) as Order;
        expect([order.status, order.payment_status, order.balance].join(', '), command).to.equal(after);
      }
      expect(steps.length).to.be.greaterThan(2);
    });
  }
});
