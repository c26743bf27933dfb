import { expect } from 'chai';
import { verifyLog } from '../../src/audit/verify-log.js';
import { createAppender } from '../../src/event-log/append/group-commit.js';
import { readLogSettings } from '../../src/event-log/database.js';
import { positionAt, positionsAt } from '../../src/event-log/read/positions-at.js';
import { allProjections } from '../../src/projections/all-projections.js';
import { foldToTime } from '../../src/queries/history/fold-history.js';
import { createReadModels } from '../../src/queries/live-generation.js';
import { createKeys } from '../../src/read-models/keys.js';
import { appender, noteEvent, orderIdIn, place, startProjector } from '../support/events.js';
import { startLocalService } from '../support/local-service.js';
import { runOrders } from '../support/orders-command.js';
import { projected } from '../support/read-models.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';
import { call } from '../support/service.js';

const order = { user_id: 'u-1', item_ids: ['a'], total_amount: 10 };

describe('a clock that was wrong', () => {
  let log: TestLog;
  beforeEach(async () => {
    log = await createTestLog(2);
  });
  afterEach(() => log.close());
  /** As if the last event had been appended while the clock was ahead. */
  const jump = (interval: string) =>
    log.owner.query(`update partition_heads set recorded_at = now() + $1::interval`, [interval]);
  const verify = async () =>
    verifyLog({ pool: log.pool, partitions: 2, epochs: (await readLogSettings(log.pool)).epochs, inParallel: 1 });

  it('commands are refused while the clock is far behind, queries continue, and an operator resets it', async () => {
    const service = await startLocalService(log);
    const { body } = await call(service, 'POST', '/orders', order, { prefer: 'wait=10' });
    await jump('20 s');
    await eventually('the warning', async () => {
      const { status, body: health } = await call(service, 'GET', '/health/ready');
      return (
        status === 200 && health.status === 'degraded' && /the clock of the database is/.test(health.checks.clock ?? '')
      );
    });
    expect((await call(service, 'POST', '/orders', order)).status, 'within the limit').to.equal(201);
    await jump('1 year');
    const refused = await call(service, 'POST', '/orders', order);
    expect([refused.status, refused.problem.type]).to.deep.equal([503, '/problems/clock-behind']);
    expect((await call(service, 'GET', `/orders/${body.order_id}`)).status).to.equal(200);
    await service.stop();

    const { output, code } = await runOrders(log, ['recover', '--reset-clock', '--reason', 'the clock was ahead']);
    expect(code, output).to.equal(0);
    const again = await startLocalService(log);
    expect((await call(again, 'POST', '/orders', order)).status).to.equal(201);
    await again.stop();
    expect(await verify()).to.deep.equal([]);
  });

  it('the past is found on both sides of a reset, and the audit accepts the step there and nowhere else', async () => {
    const append = appender(log);
    const [before, ahead] = [orderIdIn(1, 2), orderIdIn(1, 2)];
    const first = await place(append, before);
    await jump('1 year');
    const wide = createAppender(
      log.pool,
      log.settings,
      {},
      { epoch: '1', position: () => 0, maxClockBehindMs: 2 ** 31 - 1 },
    );
    // The limit of an integer is 24 days: without a limit, as processes of the release before
    // append.
    expect(
      String(await wide.append({ orderId: ahead, expectedVersion: 0, events: [noteEvent('x')] }).catch((e) => e)),
    ).to.match(/ClockBehind/);
    await log.owner.query(
      `select append_events(1::smallint, array[$1]::uuid[], array[0], array[1], array['OrderPlaced'], array[e.data::text],
         array[e.metadata::text], array[e.occurred_at]) from events e`,
      [ahead],
    );
    const { output, code } = await runOrders(log, ['recover', '--reset-clock']);
    expect(code, output).to.equal(0);
    const settings = await readLogSettings(log.pool);
    const { current, further } = settings.epochs;
    const startedAt = further[0]?.startedAt ?? '';
    const after = createAppender(
      log.pool,
      settings,
      {},
      { epoch: current, position: () => 0, maxClockBehindMs: 1_000 },
    );
    await eventually('the clock to advance', () => new Date().toISOString() > startedAt);
    const last = await place(after.append, orderIdIn(1, 2));
    expect(last.recordedAt < new Date(Date.now() + 60_000).toISOString(), 'the clock is right').to.equal(true);

    const endsAt = async (at: string) => (await positionsAt(log.pool, { at })).get(1);
    expect(await endsAt('2020-01-01T00:00:00.000Z')).to.equal(0);
    expect(await endsAt(first.recordedAt)).to.equal(1);
    expect(await endsAt(startedAt), 'recorded by the reset').to.be.greaterThanOrEqual(2);
    expect(await endsAt(last.recordedAt)).to.equal(last.position);
    for (const at of [first.recordedAt, startedAt, last.recordedAt])
      expect(await positionAt(log.pool, 1, at), 'the same of one partition').to.equal(await endsAt(at));

    const keys = createKeys(log.settings.logId, current);
    const epochLog = { ...log, settings, keys };
    const { stop } = await startProjector(epochLog);
    await projected(epochLog);
    const models = createReadModels(log.redis, keys, 2, allProjections, settings.epochs);
    expect(await foldToTime(models, ahead, startedAt), 'an order from under the wrong clock').to.include({
      version: 1,
    });
    expect(await foldToTime(models, ahead, first.recordedAt)).to.equal('not-yet-placed');
    await stop();

    expect(await verify()).to.deep.equal([]);
    const unknown = await verifyLog({ pool: log.pool, partitions: 2, inParallel: 1 });
    expect(unknown.map(({ partition, reason }) => [partition, reason])).to.deep.equal([[1, 'clock-went-back']]);
  });
});
