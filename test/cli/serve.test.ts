import { expect } from 'chai';
import { createTestLog, type TestLog } from '../support/servers.js';
import { call, startService } from '../support/service.js';

describe('orders serve', () => {
  let log: TestLog;
  before(async () => {
    log = await createTestLog();
  });
  after(() => log.close());

  it('that fails to start says why, closes what it has opened, and ends', async () => {
    const first = await startService(log);
    const { port } = new URL(first.url);
    const second = await startService(log, { PORT: port }).catch((error: Error) => error);
    expect(String(second)).to.match(new RegExp(`ended with 1: .*port ${port} is in use: .*set PORT`, 's'));
    expect(await first.stop()).to.equal(0);
  });

  it('takes commands and queries only in the role api, and tells of its health in every role', async () => {
    const service = await startService(log, { ORDERS_ROLES: 'projector' });
    const order = { user_id: 'u', item_ids: ['a'], total_amount: 1 };
    expect((await call(service, 'POST', '/orders', order)).status).to.equal(404);
    expect((await call(service, 'GET', '/orders/metrics')).status).to.equal(404);
    expect((await call(service, 'GET', '/health/ready')).body.checks).to.include.keys('projections');
    expect(await service.stop()).to.equal(0);

    const api = await startService(log, { ORDERS_ROLES: 'api' });
    expect((await call(api, 'POST', '/orders', order, { prefer: 'respond-async' })).status).to.equal(201);
    expect((await call(api, 'GET', '/health/ready')).body.checks).not.to.include.keys('projections');
    expect(await api.stop()).to.equal(0);
  });
});
