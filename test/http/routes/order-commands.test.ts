import { expect } from 'chai';
import { call, useService } from '../../support/service.js';

describe('GET /orders/{order_id}/commands', () => {
  const service = useService();
  const place = async () => {
    const order = { user_id: 'u-1', items: [{ item_id: 'a', quantity: 1, unit_price: 10 }] };
    // Just after the start, a busy machine may still fill the read models.
    return (await call(service, 'POST', '/orders', order, { prefer: 'wait=10' })).body.order_id;
  };
  const commands = async (orderId: string) =>
    (await call(service, 'GET', `/orders/${orderId}/commands`)).body as { version: number; allowed_commands: string[] };

  it('names the commands that the order allows now, as a refusal does', async () => {
    const orderId = await place();
    const { problem } = await call(service, 'POST', `/orders/${orderId}/ship`);
    const pending = await commands(orderId);
    expect([pending.version, pending.allowed_commands]).to.deep.equal([1, problem.allowed_commands]);
    expect(pending.allowed_commands).to.include('process').and.not.to.include('ship');
    await call(service, 'POST', `/orders/${orderId}/process`);
    const processing = await commands(orderId);
    expect([processing.version, processing.allowed_commands.includes('ship')]).to.deep.equal([2, true]);
    for (const name of ['hold', 'release', 'pay', 'ship', 'deliver', 'refund']) {
      expect((await commands(orderId)).allowed_commands, name).to.include(name);
      const body = ['hold', 'release', 'refund'].includes(name) ? { reason: 'r' } : undefined;
      expect((await call(service, 'POST', `/orders/${orderId}/${name}`, body)).status, name).to.equal(200);
    }
  });

  it('a client that has the answer already gets 304, until the order changes', async () => {
    const orderId = await place();
    const first = await call(service, 'GET', `/orders/${orderId}/commands`);
    const again = { 'if-none-match': first.headers.get('etag') ?? '' };
    expect((await call(service, 'GET', `/orders/${orderId}/commands`, undefined, again)).status).to.equal(304);
    await call(service, 'POST', `/orders/${orderId}/pay`);
    expect((await call(service, 'GET', `/orders/${orderId}/commands`, undefined, again)).status).to.equal(200);
  });

  it('an order that does not exist is a 404', async () => {
    const missing = await call(service, 'GET', '/orders/0197f3a0-0000-7000-8000-000000000001/commands');
    expect([missing.status, missing.problem.type]).to.deep.equal([404, '/problems/order-not-found']);
  });
});
