import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { orderPartition } from '../../../src/orders/values/partition.js';
import { createCheckpointFreeze } from '../../../src/projector/generations/checkpoint-freeze.js';
import { lookUpServed } from '../../../src/queries/live-generation.js';
import { orderHistory } from '../../../src/read-models/order-history.js';
import { queriesOf } from '../../support/read-models.js';
import { eventually } from '../../support/servers.js';
import { call, useService } from '../../support/service.js';

describe('the histories while order-status is ahead of them', () => {
  const service = useService();

  /** Holds order-history back in the partition of an order, as the flip of a rebuild does. */
  async function freezeHistory(orderId: string): Promise<() => Promise<void>> {
    const { redis, keys } = service.log;
    const freeze = createCheckpointFreeze(redis, keys);
    const { reader } = await lookUpServed(queriesOf(service.log), orderHistory);
    const partition = orderPartition(orderId, service.log.settings.partitions);
    const id = { name: orderHistory.name, generation: reader.id.generation };
    const token = randomUUID();
    expect(await freeze.freeze(id, partition, token)).to.be.an('object');
    return () => freeze.thaw(id, partition, token);
  }

  const get = (path: string, headers = {}) => call(service, 'GET', path, undefined, headers);
  const order = { user_id: 'u-1', items: [{ item_id: 'a', quantity: 1, unit_price: 10 }] };

  it('whatever reads the history of an order that can be seen waits for it, and is no 404', async () => {
    await call(service, 'POST', '/orders', order, { prefer: 'wait=10' });
    const orderId = randomUUID();
    const thaw = await freezeHistory(orderId);
    await call(service, 'POST', '/orders', { ...order, order_id: orderId }, { prefer: 'respond-async' });
    const path = `/orders/${orderId}`;
    await eventually('the order to be seen', async () => (await get(path)).status === 200);
    const responses = [
      get(`${path}/commands`),
      get(`${path}/history`),
      get(`${path}/history`, { accept: 'text/csv' }),
      get(`${path}/history?diff=true&from=0&to=1`),
      get(`${path}?version=1`),
      get(`${path}?at=2100-01-01T00:00:00Z`),
    ];
    // These requests are read after those above.
    for (let nth = 0; nth < 5; nth += 1) await get(path);
    await thaw();
    const statuses = (await Promise.all(responses)).map(({ status }) => status);
    expect(statuses).to.deep.equal([200, 200, 200, 200, 200, 200]);
  });

  it('an order did not exist before its first event, however far behind its history is', async () => {
    const orderId = (await call(service, 'POST', '/orders', order, { prefer: 'wait=10' })).body.order_id;
    const path = `/orders/${orderId}`;
    await eventually('the history', async () => (await get(`${path}/history`)).status === 200);
    const thaw = await freezeHistory(orderId);
    await call(service, 'POST', `${path}/note`, { text: 'x' }, { prefer: 'respond-async' });
    await eventually('the note to be seen', async () => (await get(path)).headers.get('etag') === '"2"');
    // To wait for the history would be in vain, and another problem.
    const { problem } = await get(`${path}?at=1990-01-01T00:00:00Z`);
    await thaw();
    expect(problem.type).to.equal('/problems/order-version-not-found');
    expect(problem.detail).to.equal('The order did not exist at 1990-01-01T00:00:00.000Z.');
  });

  it('an order or a version that does not exist is a 404 at once', async () => {
    const orderId = (await call(service, 'POST', '/orders', order, { prefer: 'wait=10' })).body.order_id;
    const types = async (path: string) => {
      const paths = [
        `${path}?version=2`,
        `${path}/history?diff=true&from=1&to=2`,
        `${path}/history?diff=true&from=0&to=0`,
      ];
      return Promise.all(
        paths.map(async (one) => {
          const response = await get(one);
          return response.status === 200 ? 200 : response.problem.type;
        }),
      );
    };
    const noVersion = '/problems/order-version-not-found';
    expect(await types(`/orders/${orderId}`)).to.deep.equal([noVersion, noVersion, 200]);
    const noOrder = '/problems/order-not-found';
    expect(await types(`/orders/${randomUUID()}`)).to.deep.equal([noOrder, noOrder, noOrder]);
  });
});
