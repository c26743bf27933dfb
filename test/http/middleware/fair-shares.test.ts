import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { createApiKey } from '../../../src/access/api-keys.js';
import { httpLimits as limits } from '../../../src/http/limits.js';
import { type LocalService, startLocalService } from '../../support/local-service.js';
import { createTestLog, type TestLog } from '../../support/servers.js';
import { call } from '../../support/service.js';

const order = { user_id: 'u-1', item_ids: ['a'], total_amount: 10 };

describe('Fair shares', () => {
  let log: TestLog;
  let service: LocalService;
  let key: Record<string, string>;
  before(async () => {
    log = await createTestLog(4);
    service = await startLocalService(log, { LOG_LEVEL: 'silent', ORDERS_AUTH: 'required' });
    const created = await createApiKey(log.pool, {
      name: 'shop',
      scopes: ['orders:write', 'orders:read'],
      expiresAt: null,
    });
    key = { authorization: `Bearer ${created.key}` };
  });
  after(async () => {
    await service.stop();
    await log.close();
  });

  it('requests with invented keys hold no places: callers with a key are served meanwhile', async () => {
    expect((await call(service, 'POST', '/orders', order, key)).status).to.equal(201);
    const invented = Array.from({ length: limits.maxInFlightRequests + 100 }, () => {
      const id = randomBytes(6).toString('hex');
      const authorization = `Bearer ok_${id}_${randomBytes(32).toString('base64url')}`;
      return fetch(`${service.url}/orders`, { headers: { authorization } });
    });
    for (let nth = 0; nth < 20; nth += 1) {
      expect((await call(service, 'POST', '/orders', order, key)).status).to.equal(201);
      expect((await call(service, 'GET', '/orders?limit=1', undefined, key)).status).to.equal(200);
    }
    const statuses = new Set((await Promise.all(invented)).map(({ status }) => status));
    expect([...statuses].filter((status) => status !== 401 && status !== 503)).to.deep.equal([]);
  });

  it('a position that the log does not have is rejected at once, not waited for', async () => {
    const { headers } = await call(service, 'POST', '/orders', order, key);
    const [partition, position] = headers.get('event-position')?.split(':').map(Number) ?? [];
    const ahead = { ...key, 'min-event-position': `${partition}:${Number(position) + 1_000}` };
    // Were they waited for, these would take 5 s each.
    for (let nth = 0; nth < 20; nth += 1) {
      const { status, problem } = await call(service, 'GET', '/orders', undefined, ahead);
      expect([status, problem.type]).to.deep.equal([503, '/problems/position-not-reached']);
      expect(problem.detail).to.match(/There is no position \d+:\d+, partition \d+ ends at \d+/);
    }
  });
});
