import { expect } from 'chai';
import { createFillingStore } from '../../src/projector/generations/filling-store.js';
import { appender, noteEvent, orderIdIn, place } from '../support/events.js';
import { type LocalService, startLocalService } from '../support/local-service.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';
import { call } from '../support/service.js';

describe('an event that a newer version of the service wrote', () => {
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

  it('makes queries of its partition 503 with the reason, and leaves the other partition alone', async () => {
    const append = appender(log);
    const [met, other] = [orderIdIn(0, 2), orderIdIn(1, 2)];
    const status = async (orderId: string) => (await call(service, 'GET', `/orders/${orderId}`)).status;
    for (const orderId of [met, other]) await place(append, orderId);
    await eventually('both orders', async () => (await status(met)) === 200 && (await status(other)) === 200);
    const newer = { ...noteEvent('x'), type: 'OrderTeleported' };
    await append({ orderId: met, expectedVersion: 1, events: [newer] });

    const refused = await eventually('the projections to stop', async () => {
      const found = await call(service, 'GET', `/orders/${met}`);
      return found.status === 503 && found;
    });
    expect(refused.headers.get('retry-after')).to.match(/^\d+$/);
    expect(refused.problem.detail).to.match(/order-status has stopped at an event of a newer version of the service/);
    expect((await call(service, 'GET', '/orders/metrics')).status, 'all partitions are needed').to.equal(503);
    expect(await status(other)).to.equal(200);

    const command = await call(service, 'POST', `/orders/${met}/pay`, {});
    expect(command.status).to.equal(503);
    expect(command.problem).to.deep.include({ type: '/problems/event-log-unavailable', may_have_been_done: false });
    expect(command.problem.detail).to.match(/A newer version of the service wrote an event/);
    expect((await call(service, 'POST', `/orders/${other}/pay`, {})).status).to.equal(200);
    const { status: ready, body } = await call(service, 'GET', '/health/ready');
    expect([ready, body.status]).to.deep.equal([200, 'degraded']);
    expect(body.checks.read_models).to.match(
      /^outdated: .*order-status.* have stopped at an event of a newer version$/,
    );
    expect(body.checks.projections).to.match(/order-status stopped in partition 0 at 2/);

    // Another partition loses its data. It is filled again, and the reason of this one stays.
    const hash = await log.redis.hgetall(log.keys.generations('order-status'));
    const generation = Number(Object.entries(hash).find(([field]) => field.startsWith('live:'))?.[1]);
    await createFillingStore(log.redis, log.keys, 2).setFilling({ name: 'order-status', generation }, 1, 'lost');
    await eventually('the mark to be removed', async () => {
      const marks = await log.redis.hget(log.keys.generations('order-status'), `filling:${generation}`);
      return marks?.endsWith('0');
    });
    expect(await status(other)).to.equal(200);
    const { problem } = await call(service, 'GET', `/orders/${met}`);
    expect(problem.detail).to.match(/order-status has stopped at an event of a newer version of the service/);
  });
});
