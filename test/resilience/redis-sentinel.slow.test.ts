import { rm } from 'node:fs/promises';
import { expect } from 'chai';
import { createDataDir } from '../support/data-dir.js';
import { type LocalService, startLocalService } from '../support/local-service.js';
import { startWatchedPrimary, type WatchedPrimary } from '../support/redis-sentinel.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';
import { call } from '../support/service.js';

describe('a primary that Sentinel watches', () => {
  let folder: string;
  let log: TestLog;
  let watched: WatchedPrimary;
  let service: LocalService;
  before(async () => {
    folder = await createDataDir('sentinel');
    log = await createTestLog(4);
    watched = await startWatchedPrimary(folder);
    service = await startLocalService({ ...log, redisUrl: watched.url }, { LOG_LEVEL: 'error' });
  });
  after(async () => {
    await service?.stop();
    await log?.close();
    await watched?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('is found, and so is the one that takes its place when it dies', async () => {
    const order = { user_id: 'u', item_ids: ['a'], total_amount: 10 };
    const place = async () => (await call(service, 'POST', '/orders', order, { prefer: 'wait=5' })).body.order_id;
    const status = async (id: string) => (await call(service, 'GET', `/orders/${id}`)).status;
    const first = await place();
    expect(await status(first)).to.equal(200);
    watched.killPrimary();
    const second = await place();
    await eventually('queries to work again', async () => (await status(second)) === 200, 60_000);
    expect(await status(first)).to.equal(200);
    await eventually('readiness', async () => (await call(service, 'GET', '/health/ready')).body.status === 'ready');
  });
});
