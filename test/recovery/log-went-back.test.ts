import { expect } from 'chai';
import { type LocalService, startLocalService } from '../support/local-service.js';
import { backUp, restore } from '../support/restore.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';
import { call } from '../support/service.js';

const order = { user_id: 'u-1', item_ids: ['a'], total_amount: 10 };

describe('a log that went back while processes run', () => {
  let log: TestLog;
  const services: LocalService[] = [];
  beforeEach(async () => {
    log = await createTestLog(4);
  });
  afterEach(async () => {
    await Promise.all(services.splice(0).map((service) => service.stop()));
    await log.close();
  });
  async function start(roles: string): Promise<LocalService> {
    const service = await startLocalService(log, { ORDERS_ROLES: roles });
    services.push(service);
    return service;
  }
  const ready = (service: LocalService) => async () => (await call(service, 'GET', '/health/ready')).status === 200;
  const place = async (service: LocalService) => {
    const { status, body } = await call(service, 'POST', '/orders', order, { prefer: 'wait=10' });
    expect(status).to.equal(201);
    return body.order_id;
  };

  it('is noticed by every process: not ready, commands and reads rejected with the reason, one log line, a metric', async () => {
    const api = await start('api');
    const both = await start('api,projector');
    const kept = await place(both);
    const backup = await backUp(log);
    await eventually('the services to be back', async () => (await ready(api)()) && (await ready(both)()));
    const lost = await place(both);
    for (let nth = 0; nth < 8; nth += 1) await place(api);
    expect((await call(api, 'GET', `/orders/${lost}`)).status).to.equal(200);
    await restore(log, backup);

    for (const service of [api, both]) {
      const health = await eventually('the process to notice', async () => {
        const found = await call(service, 'GET', '/health/ready');
        return found.status === 503 && /went back/.test(found.body.checks.event_log ?? '') && found;
      });
      expect(health.body.checks.event_log).to.match(/partition \d ends at \d+, but \d+ was known.*orders recover/);
      for (const response of [
        await call(service, 'GET', `/orders/${lost}`),
        await call(service, 'GET', `/orders/${kept}`),
        await call(service, 'GET', '/orders/metrics'),
        await call(service, 'POST', '/orders', order),
        await call(service, 'POST', `/orders/${kept}/pay`),
      ]) {
        expect([response.status, response.problem.type]).to.deep.equal([503, '/problems/log-went-back']);
        expect(response.headers.get('retry-after')).to.match(/^\d+$/);
      }
      const metrics = await fetch(`${service.url}/metrics`).then((response) => response.text());
      expect(metrics).to.match(/^orders_log_went_back 1$/m);
      const lines = service
        .output()
        .split('\n')
        .filter((line) => line.includes('The log went back'));
      expect(
        lines.filter((line) => line.includes('"level":60')),
        service.output(),
      ).to.have.length(1);
    }
    const { rows } = await log.pool.query('select count(*)::integer as events from events');
    expect(rows[0].events, 'nothing was appended').to.equal(1);
  });
});
