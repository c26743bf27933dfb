import { expect } from 'chai';
import pg from 'pg';
import { type LocalService, startLocalService } from '../support/local-service.js';
import { createTestLog, type TestLog } from '../support/servers.js';

describe('the health of the service', () => {
  let log: TestLog;
  let service: LocalService;
  before(async () => {
    log = await createTestLog(1);
    service = await startLocalService(log);
  });
  after(async () => {
    await service.stop();
    await log.close();
  });

  it('is checked for all who ask at the same time, so that anybody may ask', async () => {
    const asked = 200;
    const ask = async () => (await fetch(`${service.url}/health/ready`)).json();
    await ask();
    const { query } = pg.Client.prototype;
    let queries = 0;
    pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
      queries += 1;
      return Reflect.apply(query, this, args);
    } as typeof query;
    try {
      await Promise.all(Array.from({ length: asked }, ask));
    } finally {
      pg.Client.prototype.query = query;
    }
    // Each check takes a query or more, and the service makes some by itself.
    expect(queries)
      .to.be.above(0)
      .and.below(asked / 2);
  });
});
