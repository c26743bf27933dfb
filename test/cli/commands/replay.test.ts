import { expect } from 'chai';
import { createAppender } from '../../../src/event-log/append/group-commit.js';
import { readLogSettings } from '../../../src/event-log/database.js';
import { startEpoch } from '../../../src/event-log/operators/start-epoch.js';
import { allProjections } from '../../../src/projections/all-projections.js';
import { getOrder } from '../../../src/queries/get-order.js';
import { getProjections } from '../../../src/queries/get-projections.js';
import { skippedInHistory } from '../../../src/queries/history/fold-history.js';
import { decodeOrder, encodeOrder } from '../../../src/read-models/encoding/encoded-order.js';
import { createKeys } from '../../../src/read-models/keys.js';
import { metricsKeys } from '../../../src/read-models/metrics.js';
import { orderStatusKeys } from '../../../src/read-models/order-status.js';
import {
  appender,
  event,
  noteEvent,
  operatorEventsOf,
  orderIdIn,
  place,
  startProjector,
} from '../../support/events.js';
import { runOrders } from '../../support/orders-command.js';
import { expectReadModelsEqualTheLog, projected, queriesOf } from '../../support/read-models.js';
import { liveKeys } from '../../support/redis-keys.js';
import { createTestLog, eventually, type TestLog } from '../../support/servers.js';

describe('orders replay', () => {
  let log: TestLog;
  beforeEach(async () => {
    log = await createTestLog(4);
  });
  afterEach(() => log.close());

  const replay = (...args: string[]) => runOrders(log, ['replay', ...args]);
  async function somePlaced(count: number): Promise<string[]> {
    const append = appender(log);
    const ids = Array.from({ length: count }, (_, nth) => orderIdIn(nth % 4, 4));
    for (const id of ids) await place(append, id);
    return ids;
  }

  it('orders replay requests a rebuild from the running service, and reports when the generation is live', async () => {
    const { stop } = await startProjector(log);
    await somePlaced(40);
    const { code, stdout } = await replay('all');
    expect(code).to.equal(0);
    for (const name of ['order-status', 'order-history', 'metrics', 'order-lookup'])
      expect(stdout).to.match(new RegExp(`${name}: generation 2 is live \\(40 events in`));
    const asJson = JSON.parse((await replay('metrics', '--json')).stdout);
    expect(asJson.projections).to.have.length(1);
    expect(asJson.projections[0]).to.include({ projection: 'metrics', generation: 3, is_live: true });
    const cancelled = JSON.parse((await replay('metrics', '--cancel', '--json')).stdout);
    expect(cancelled).to.deep.equal({ projections: [{ projection: 'metrics', cancelled: false }] });
    await expectReadModelsEqualTheLog(log);
    await stop();
  });

  it('orders replay rebuilds by itself if no service is running', async () => {
    await somePlaced(40);
    const { code, output } = await replay('metrics');
    expect([code, output]).to.satisfy(() => code === 0 && /no projector is running/.test(output), output);
    await projectedBy(2);
    await expectReadModelsEqualTheLogOnce();
  });

  async function projectedBy(generation: number): Promise<void> {
    const metrics = (await getProjections(queriesOf(log))).find(({ name }) => name === 'metrics');
    expect(metrics?.generation).to.equal(generation);
  }
  async function expectReadModelsEqualTheLogOnce(): Promise<void> {
    const { stop } = await startProjector(log);
    await projected(log);
    await expectReadModelsEqualTheLog(log);
    await stop();
  }

  it('orders replay --dry-run finds every difference, even while the log grows, and leaves no keys', async () => {
    const { stop } = await startProjector(log);
    const [first = '', second = ''] = await somePlaced(40);
    await projected(log);
    expect((await replay('--dry-run')).code).to.equal(0);

    const [compared] = JSON.parse((await replay('metrics', '--dry-run', '--json')).stdout).projections;
    expect(compared).to.deep.include({ projection: 'metrics', differences_total: 0, differences: [] });

    const entry = orderStatusKeys(liveKeys(log, 'order-status', 0)).order(first);
    const order = decodeOrder(first, (await log.redis.hget(...entry)) ?? '');
    await log.redis.hset(...entry, encodeOrder({ ...order, status: 'shipped' }));
    await log.redis.hset(...metricsKeys(liveKeys(log, 'metrics', 1)).order(second), 'USD 0 0 0 0 0 1 0 0');
    await log.redis.set(liveKeys(log, 'order-status', 2)('order', 'nobody'), '{}');
    const append = appender(log);
    let growing = true;
    const growth = (async () => {
      while (growing) await place(append, orderIdIn(Math.floor(Math.random() * 4), 4));
    })();
    const { code, stdout } = await replay('--dry-run');
    growing = false;
    await growth;
    expect(code).to.equal(3);
    const reported = stdout.split('\n').filter((line) => / {2}live /.test(line));
    expect(reported.filter((line) => line.startsWith('order-status'))).to.have.members([
      `order-status  order ${first}  status  live "shipped"  rebuilt "pending"`,
      'order-status  order:nobody  live {}  rebuilt nothing',
    ]);
    expect(reported.filter((line) => line.startsWith('metrics')).every((line) => line.includes(second))).to.equal(true);
    expect(reported.some((line) => line.includes('history'))).to.equal(false);
    await eventually('the copies to be removed', async () => {
      const keys = await log.redis.keys(`{orders:${log.settings.logId.slice(0, 8)}:*`);
      return keys.every((key) => /:(1|report):|:checkpoint$/.test(key.slice(key.indexOf('}'))));
    });
    await stop();
  });

  it('orders replay --until shows a read model as of a time and as of an event position', async () => {
    const append = appender(log);
    const [first, second] = [orderIdIn(1, 4), orderIdIn(1, 4)];
    const { recordedAt } = await place(append, first, 1000);
    await eventually('the clock to advance', () => new Date().toISOString() > recordedAt);
    await place(append, second, 500);
    const byPosition = await replay('metrics', '--until', '1:1');
    expect(JSON.parse(byPosition.stdout)).to.deep.include({ total_orders: 1 });
    const byTime = await replay('order-status', '--until', recordedAt);
    expect(JSON.parse(byTime.stdout)).to.deep.include({ order_id: first, version: 1 });
    const whole = await replay('metrics', '--until', '2199-01-01T00:00:00Z');
    expect(JSON.parse(whole.stdout)).to.deep.include({ total_orders: 2 });
    const asJson = await replay('order-status', 'metrics', '--until', '2199-01-01T00:00:00Z', '--json');
    expect(JSON.parse(asJson.stdout)).to.have.length(3);
    expect((await replay('metrics', '--until', 'tuesday')).code).to.equal(2);
  });

  it('orders replay --skip skips the event on which a projection has stopped, and the log records who and why', async () => {
    const append = appender(log);
    const poisoned = orderIdIn(2, 4);
    await place(append, poisoned);
    await append({ orderId: poisoned, expectedVersion: 1, events: [event('OrderTeleported', {})] });
    const whole = orderIdIn(2, 4);
    await place(append, whole);
    const { projector, stop } = await startProjector(log);
    await eventually('the stop to be reported', async () =>
      (await getProjections(queriesOf(log))).every(({ state }) => state === 'stopped'),
    );
    const history = await runOrders(log, ['history', poisoned]);
    expect([history.code, history.output]).to.satisfy(
      () =>
        history.code === 1 && /OrderTeleported at 2:2, version 2 of the order, cannot be applied/.test(history.output),
    );
    expect((await runOrders(log, ['status'])).stdout).to.match(/`orders replay \S+ --skip 2:2 --reason "…"`/);
    expect((await replay('--skip', '2:2')).output).to.match(/needs --reason/);
    expect((await replay('--skip', '2:3', '--reason', 'typo', '--yes')).output).to.match(
      /no projection has stopped at 2:3/,
    );
    expect((await replay('--skip', '2:2', '--reason', 'written by a test')).output).to.match(/for good.*--yes/);
    const { code, stdout } = await replay('--skip', '2:2', '--reason', 'written by a test', '--yes', '--json');
    expect(code).to.equal(0);
    const skip = { projection: 'metrics', skipped: true, type: 'OrderTeleported', order_id: poisoned };
    const documents = JSON.parse(stdout).projections.map(
      ({ recorded_at: _, ...document }: Record<string, unknown>) => document,
    );
    expect(documents).to.deep.include({ ...skip, position: '2:2' });
    await projected(log);
    expect(projector.stoppedProjections()).to.deep.equal([]);

    const operations = await operatorEventsOf(log);
    expect(operations.map(({ type, data }) => [type, 'projection' in data && data.projection])).to.have.deep.members([
      ['ProjectionEventSkipped', 'order-status'],
      ['ProjectionEventSkipped', 'order-history'],
      ['ProjectionEventSkipped', 'metrics'],
      ['ProjectionEventSkipped', 'order-lookup'],
    ]);
    expect(operations[0]?.data).to.deep.include({ partition: 2, position: 2, reason: 'written by a test' });
    expect(operations[0]?.metadata.actor).to.match(/^operator:/);
    // The later events of the order are skipped, too, and those of others are not.
    await append({ orderId: poisoned, expectedVersion: 2, events: [noteEvent('after the skipped event')] });
    await append({ orderId: whole, expectedVersion: 1, events: [noteEvent('of another order')] });
    await projected(log);
    expect(projector.stoppedProjections()).to.deep.equal([]);
    const models = queriesOf(log);
    expect([(await getOrder(models, poisoned))?.version, (await getOrder(models, whole))?.version]).to.deep.equal([
      1, 2,
    ]);
    const shown = await getOrder(models, poisoned);
    expect([shown?.isDamaged, JSON.parse(shown?.json ?? '{}').damaged]).to.deep.equal([true, true]);
    expect((await getOrder(models, whole))?.isDamaged).to.equal(false);
    expect(await skippedInHistory(models, poisoned)).to.equal('2:2');
    expect(await skippedInHistory(models, whole)).to.equal(undefined);
    const skipped = [{ partition: 2, position: 2, order_id: poisoned, type: 'OrderTeleported' }];
    await eventually('the skip to be listed', async () =>
      (await getProjections(models)).every((one) => JSON.stringify(one.skipped) === JSON.stringify(skipped)),
    );
    const status = await runOrders(log, ['status']);
    expect(status.stdout).to.contain(`order ${poisoned} is damaged in this read model`);
    // A rebuild skips the same events.
    expect((await replay('all')).code).to.equal(0);
    expect((await replay('--dry-run')).code).to.equal(0);
    expect((await getOrder(models, poisoned))?.isDamaged).to.equal(true);
    await stop();
  });

  it('after a restore, orders status names the event to skip with its epoch, and orders replay --skip takes it', async () => {
    const epoch = await startEpoch(log.databaseUrl, { actor: 'test', reason: 'test', lost: null, resetClock: false });
    const settings = await readLogSettings(log.pool);
    const renewed = { ...log, settings, keys: createKeys(settings.logId, epoch) };
    const guard = { epoch, position: () => 0, maxClockBehindMs: 1_000 };
    const { append } = createAppender(log.pool, settings, {}, guard);
    const poisoned = orderIdIn(2, 4);
    await place(append, poisoned);
    await append({ orderId: poisoned, expectedVersion: 1, events: [event('OrderTeleported', {})] });
    const { stop } = await startProjector(renewed);
    await eventually('the stop to be reported', async () =>
      (await getProjections(queriesOf(renewed))).every(({ state }) => state === 'stopped'),
    );
    const history = await runOrders(log, ['history', poisoned]);
    expect(history.output).to.contain(`OrderTeleported at 2:2@${epoch}, version 2`);
    const { stdout } = await runOrders(log, ['status']);
    const [, shown = ''] = /`orders replay \S+ --skip (\S+) --reason "…"`/.exec(stdout) ?? [];
    expect(shown, stdout).to.equal(`2:2@${epoch}`);
    const skipped = await replay('--skip', shown, '--reason', 'written by a test', '--yes');
    expect(skipped.code, skipped.output).to.equal(0);
    expect(skipped.output).to.match(new RegExp(`recorded in the log at \\d+:\\d+@${epoch}`));
    await eventually('the skip to be reported', async () =>
      (await runOrders(log, ['status'])).stdout.includes(`skips OrderTeleported at ${shown} and all that`),
    );
    await stop();
  });

  it('orders replay --resume retries the event on which a projection has stopped', async () => {
    let broken = true;
    const { projector, stop } = await startProjector(
      log,
      allProjections.map((projection) => ({
        ...projection,
        project(events, key, state) {
          if (broken && projection.name === 'metrics') throw new Error('a temporary error');
          return projection.project(events, key, state);
        },
      })),
    );
    await somePlaced(4);
    await eventually('the stop', () => projector.stoppedProjections().length === 4);
    broken = false;
    expect((await replay('--resume', 'metrics')).code).to.equal(0);
    await projected(log);
    await expectReadModelsEqualTheLog(log);
    await stop();
  });

  it('orders replay shows its usage if its arguments are wrong', async () => {
    for (const args of [['everything'], ['--cancel', '--resume'], ['--nonsense']]) {
      const { code, output } = await replay(...args);
      expect([code, output]).to.satisfy(() => code === 2 && /orders replay \[/.test(output), output);
    }
  });
});
