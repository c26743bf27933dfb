import { expect } from 'chai';
import { type LocalService, startLocalService } from '../support/local-service.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';
import { call } from '../support/service.js';

describe('a PostgreSQL that responds, but to which nothing can be appended', () => {
  let log: TestLog;
  let service: LocalService;
  before(async () => {
    log = await createTestLog(2);
    service = await startLocalService(log, { LOG_LEVEL: 'silent' });
  });
  after(async () => {
    await service?.stop();
    await log?.close();
  });

  const order = { user_id: 'u', item_ids: ['a'], total_amount: 10 };
  const ready = () => call(service, 'GET', '/health/ready');
  const isReady = async () => {
    const { status, body } = await ready();
    return status === 200 && body.checks.event_log === 'up';
  };
  const countEvents = async () => (await log.owner.query('select count(*)::integer as n from events')).rows[0].n;

  it('makes the process not ready after the first failed command, and ready again by itself', async () => {
    expect((await call(service, 'POST', '/orders', order)).status).to.equal(201);
    await log.owner.query(`
      create function refuse() returns trigger language plpgsql as $$
      begin raise exception 'could not extend file' using errcode = 'disk_full'; end $$;
      create trigger refuse before insert on events for each statement execute function refuse();
      alter table events enable always trigger refuse`);
    expect(await isReady(), 'nobody knows yet').to.equal(true);
    const refused = await call(service, 'POST', '/orders', order);
    expect([refused.status, refused.problem.detail]).to.deep.equal([
      503,
      'The disk of PostgreSQL is full. Nothing was changed.',
    ]);
    const { status, body } = await eventually('the health to say so', async () => {
      const found = await ready();
      return found.status === 503 && found;
    });
    expect([status, body.checks.event_log]).to.deep.equal([503, 'appends fail: the disk of PostgreSQL is full']);
    expect((await call(service, 'GET', '/orders/metrics')).status, 'queries work').to.equal(200);
    await log.owner.query('drop trigger refuse on events');
    await eventually('readiness without a command', isReady);
    expect(await countEvents(), 'the tries left nothing').to.equal(1);
    expect((await call(service, 'POST', '/orders', order)).status).to.equal(201);
  });
});
