import { expect } from 'chai';
import { describeInBrowser, expectAccessible } from '../support/browser.js';
import { appender, event, orderIdIn } from '../support/events.js';
import { eventually } from '../support/servers.js';
import { call, useService } from '../support/service.js';

describeInBrowser('The console while something is damaged', (browser) => {
  const service = useService();

  it('says that projections are blocked because Redis refuses writes, and not that projectors are dead', async () => {
    const page = await browser.open(`${service.url}/#/projections`);
    const card = page.getByRole('region', { name: 'Metrics', exact: true });
    await card.getByText('Live', { exact: true }).waitFor();
    await service.log.redis.config('SET', 'maxmemory', '1');
    try {
      await card.getByText('16 partitions blocked').waitFor();
      await card.getByText(/^Redis refuses writes, so projectors can neither apply events nor report\./).waitFor();
      expect(await card.getByText('No living projector').count()).to.equal(0);
      await expectAccessible(page, 'blocked projections');
      await page.goto(`${service.url}/#/system`);
      await page
        .getByText(/Redis has reached its maxmemory and refuses writes/)
        .first()
        .waitFor();
    } finally {
      await service.log.redis.config('SET', 'maxmemory', '0');
    }
    await page.goto(`${service.url}/#/projections`);
    await card.getByText('Live', { exact: true }).waitFor();
  });

  it('says which event of an order cannot be read, in place of the commands', async () => {
    const { partitions } = service.log.settings;
    const order = { order_id: orderIdIn(1, partitions), user_id: 'u-1', item_ids: ['lamp'], total_amount: 1 };
    await call(service, 'POST', '/orders', order, { prefer: 'wait=10' });
    const path = `/orders/${order.order_id}` as const;
    const delivery = { items: [{ line_id: '9', item_id: 'lamp', quantity: 1 }], shipment_id: null };
    const delivered = { ...event('OrderDelivered', delivery), metadata: '{"schema":2,"actor":"test"}' };
    await appender(service.log)({ orderId: order.order_id, expectedVersion: 1, events: [delivered] });
    await eventually('the history', async () =>
      (await call(service, 'GET', `${path}/history`)).text.includes('OrderDelivered'),
    );
    const page = await browser.open(`${service.url}/#${path}`);
    const failure = page.getByRole('region', { name: 'Commands' }).getByRole('alert');
    await failure.getByText('An event of the order cannot be read').waitFor();
    await failure
      .getByText(/OrderDelivered at position 2 of partition 1, version 2 of order .* cannot be applied/)
      .waitFor();
    await expectAccessible(page, 'an order that cannot be read');
    expect(browser.errors).to.deep.equal([]);
  });
});
