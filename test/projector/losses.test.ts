import { expect } from 'chai';
import { allProjections } from '../../src/projections/all-projections.js';
import { createProjectionStore } from '../../src/projector/projection-store.js';
import { getProjections } from '../../src/queries/get-projections.js';
import { ReadModelUnavailable } from '../../src/read-models/read-model-unavailable.js';
import type { RedisCommand } from '../../src/read-models/redis/redis-pipeline.js';
import { appender, noteEvent, orderIdIn, place, startProjector } from '../support/events.js';
import { expectReadModelsEqualTheLog, projected, queriesOf } from '../support/read-models.js';
import { checkpointText, restoreKeys, snapshotKeys } from '../support/redis-keys.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';
import { step } from '../support/steps.js';

describe('the read models', () => {
  let log: TestLog;
  beforeEach(async () => {
    log = await createTestLog(4);
  });
  afterEach(() => log.close());
  const keyOf = (name: string, partition: number) => log.keys.partition({ name, generation: 1 }, partition)('key');
  let sleepOnce: () => Promise<void> = async () => undefined;

  it('come back by themselves, equal to before, when Redis is flushed while running', async () => {
    const projector = await startProjector(log);
    const append = appender(log);
    const orderIds = Array.from({ length: 100 }, (_, nth) => orderIdIn(nth % 4, 4));
    for (const orderId of orderIds) await place(append, orderId);
    await projected(log);
    const before = await snapshotKeys(log);
    expect(Object.keys(before).length).to.be.greaterThan(200);
    await log.redis.flushall();
    await projected(log);
    expect(await snapshotKeys(log)).to.deep.equal(before);
    await expectReadModelsEqualTheLog(log);

    // And what comes after is counted on top.
    await append({ orderId: orderIds[0]!, expectedVersion: 1, events: [noteEvent('after')] });
    await projected(log);
    await expectReadModelsEqualTheLog(log);
    await projector.stop();
  });

  it('carry on from an older state when Redis comes back with one', async () => {
    const projector = await startProjector(log);
    const append = appender(log);
    for (let nth = 0; nth < 20; nth += 1) await place(append, orderIdIn(nth % 4, 4));
    await projected(log);
    const older = await snapshotKeys(log);
    for (let nth = 0; nth < 20; nth += 1) await place(append, orderIdIn(nth % 4, 4));
    await projected(log);
    await log.redis.flushall();
    await restoreKeys(log, older);
    await projected(log);
    await expectReadModelsEqualTheLog(log);
    await projector.stop();
  });

  it('take a step only on top of the checkpoint that it was folded from', async () => {
    const another = log.redis.duplicate();
    const [owner, late] = [createProjectionStore(log.redis, log.keys), createProjectionStore(another, log.keys)];
    const key = keyOf('metrics', 0);
    const stepOn = (from: number, to: number) => step('metrics', from, to, ['INCRBY', key, to - from]);
    expect(await owner.apply(0, [stepOn(0, 5)])).to.deep.equal([{ applied: true }]);
    // The same step once more, one from a point that was passed, and one from a point that was never reached.
    const refused = { applied: false, found: { position: 5, hash: 'h5' } };
    for (const late5 of [stepOn(0, 5), stepOn(3, 9), stepOn(9, 12)])
      expect(await late.apply(0, [late5])).to.deep.equal([refused]);
    expect(await owner.apply(0, [stepOn(5, 7)])).to.deep.equal([{ applied: true }]);
    expect(await log.redis.get(key)).to.equal('7');
    another.disconnect();
  });

  it('take each projection’s step by itself: neither one that is late nor one that is refused holds up the others', async () => {
    const store = createProjectionStore(log.redis, log.keys);
    const set = (name: string): RedisCommand => ['SET', keyOf(name, 0), 'x'];
    const heard: string[] = [];
    const subscriber = log.redis.duplicate();
    await subscriber.subscribe(log.keys.stepsChannel);
    subscriber.on('message', (_, message: string) => heard.push(...message.split('\n')));
    await store.apply(0, [step('a', 0, 1, set('a'))]);
    const results = await store.apply(0, [
      step('a', 1, 2, ['RPUSH', keyOf('a', 0), 'not a list']),
      step('b', 3, 4, set('b')),
      step('c', 0, 1, set('c')),
    ]);
    expect(results.map((result) => ('error' in result ? 'refused' : result.applied))).to.deep.equal([
      'refused',
      false,
      true,
    ]);
    const positions = await store.checkpoints(
      ['a', 'b', 'c'].map((name) => ({ name, generation: 1 })),
      0,
    );
    expect(positions.map(({ position }) => position)).to.deep.equal([1, 0, 1]);
    await eventually('both steps to be told', () => heard.length === 2);
    expect(heard).to.deep.equal(['a 1 0 1', 'c 1 0 1']);
    subscriber.disconnect();
  });

  it('take the steps of several partitions in one call, each once and each by itself', async () => {
    const store = createProjectionStore(log.redis, log.keys);
    const stepOn = (partition: number, from: number, to: number) =>
      step('metrics', from, to, ['INCRBY', keyOf('metrics', partition), to - from]);
    // Redis has the script by then.
    await store.apply(3, [stepOn(3, 1, 2)]);
    const calls = await callsOfScripts(log);
    // The third is on top of the first's checkpoint, and in the same call.
    const results = await Promise.all([
      store.apply(0, [stepOn(0, 0, 5)]),
      store.apply(1, [stepOn(1, 3, 7)]),
      store.apply(0, [stepOn(0, 0, 5)]),
      store.apply(2, [stepOn(2, 0, 2)]),
    ]);
    expect(results.flat().map(({ applied }) => applied)).to.deep.equal([true, false, false, true]);
    expect((await callsOfScripts(log)) - calls).to.equal(1);
    expect(await log.redis.mget([0, 1, 2].map((partition) => keyOf('metrics', partition)))).to.deep.equal([
      '5',
      null,
      '2',
    ]);
  });

  it('take large steps in calls of their own at once, and a call that Redis does not answer is told to each partition', async () => {
    const another = log.redis.duplicate();
    const store = createProjectionStore(another, log.keys);
    const steps = (partition: number, words: number) => [
      step('metrics', 0, 1, ['RPUSH', keyOf('metrics', partition), ...Array<string>(words).fill('x')]),
    ];
    await store.apply(3, steps(3, 1));
    const calls = await callsOfScripts(log);
    await Promise.all([store.apply(0, steps(0, 1_500)), store.apply(1, steps(1, 1_500)), store.apply(2, steps(2, 10))]);
    expect((await callsOfScripts(log)) - calls).to.equal(3);
    another.disconnect();
    const refused = await Promise.allSettled([store.apply(3, steps(3, 1)), store.apply(2, steps(2, 1))]);
    for (const one of refused) expect(one).to.have.property('reason').that.is.instanceOf(ReadModelUnavailable);
  });

  it('go on where they were once Redis, which had no room for a step, has room again', async () => {
    const projector = await startProjector(log);
    const append = appender(log);
    for (let nth = 0; nth < 8; nth += 1) await place(append, orderIdIn(nth % 4, 4));
    await projected(log);
    const before = await snapshotKeys(log);
    await log.redis.config('SET', 'maxmemory', '1');
    try {
      for (let nth = 0; nth < 8; nth += 1) await place(append, orderIdIn(nth % 4, 4));
      // Refused at least once, by the time that something has been tried again.
      await eventually('Redis to refuse a step', async () =>
        /errorstat_OOM:count=\d{2}/.test(await log.redis.info('errorstats')),
      );
      expect(await snapshotKeys(log)).to.deep.equal(before);
    } finally {
      await log.redis.config('SET', 'maxmemory', '0');
    }
    await projected(log);
    await expectReadModelsEqualTheLog(log);
    expect(projector.projector.stoppedProjections()).to.deep.equal([]);
    await projector.stop();
  });

  it('are not written by an owner that slept between its fold and its step while others went on', async () => {
    const append = appender(log);
    for (let nth = 0; nth < 5; nth += 1) await place(append, orderIdIn(1, 4));
    let wakeSleeper = () => undefined as unknown;
    const asleep = new Promise<void>((fellAsleep) => {
      sleepOnce = async () => {
        fellAsleep();
        await new Promise((wake) => {
          wakeSleeper = () => wake(undefined);
        });
      };
    });
    const sleeper = await startProjector(
      log,
      allProjections.map((projection) => ({
        ...projection,
        async load(events, key, read) {
          const state = await projection.load(events, key, read);
          await sleepOnce();
          return state;
        },
      })),
    );
    await asleep;
    // Its session ends, as that of a stopped process does; it has not noticed when the next owner takes over.
    const heir = await startProjector(log);
    await log.owner.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'orders partitions' and datname = current_database() order by backend_start limit 1`,
    );
    for (let nth = 0; nth < 20; nth += 1) await place(append, orderIdIn(1, 4));
    await projected(log);
    const before = await snapshotKeys(log);

    sleepOnce = async () => undefined;
    wakeSleeper();
    await place(append, orderIdIn(2, 4));
    await projected(log);
    const after = await snapshotKeys(log);
    for (const [key, content] of Object.entries(before)) {
      if (key.includes(':1}:')) expect(after[key], key).to.deep.equal(content);
    }
    await expectReadModelsEqualTheLog(log);
    await heir.stop();
    await sleeper.stop();
  });

  it('stop loudly when the log is another than the one they were built from', async () => {
    const first = await startProjector(log);
    const append = appender(log);
    await place(append, orderIdIn(1, 4));
    await projected(log);
    await first.stop();
    const [key] = await checkpointText(log, 'metrics', 1);
    await log.redis.set(key, `1:${'ab'.repeat(32)}`);
    await place(append, orderIdIn(1, 4));
    const second = await startProjector(log);
    const [stopped] = await eventually(
      'the stop',
      () => second.projector.stoppedProjections().length > 0 && second.projector.stoppedProjections(),
    );
    expect(stopped?.stopped.error).to.match(/not the one/);
    await second.stop();
  });
});

describe('lost notifications', () => {
  let log: TestLog;
  beforeEach(async () => {
    log = await createTestLog(4);
  });
  afterEach(() => log.close());

  it('cost time and no event: without any, events arrive by the poll of the heads', async () => {
    const projector = await startProjector(log);
    const silently = appender(log, true);
    for (let nth = 0; nth < 8; nth += 1) await place(silently, orderIdIn(nth % 4, 4));
    // The heads are polled every second; the rest is slack for a slow machine.
    await projected(log, 5_000);
    await expectReadModelsEqualTheLog(log);
    await projector.stop();
  });

  it('do not last: the listener reconnects when its connection is killed, and hears again', async () => {
    const projector = await startProjector(log);
    const { rowCount } = await log.owner.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'orders listen' and datname = current_database()`,
    );
    expect(rowCount).to.equal(1);
    const append = appender(log);
    await place(append, orderIdIn(1, 4));
    await projected(log, 5_000);
    await eventually('the listener to be back', async () => {
      const { rows } = await log.owner.query(
        `select 1 from pg_stat_activity where application_name = 'orders listen' and datname = current_database()`,
      );
      return rows.length === 1 && projector.logHeads.listening;
    });
    // It hears again: a head that nobody polled yet is known from the notification.
    const heard = new Promise<number>((resolve) => projector.logHeads.once('moved', resolve));
    await log.owner.query('select pg_notify($1, $2)', ['orders_heads', JSON.stringify([[2, 1_000_000]])]);
    expect(await heard).to.equal(2);
    await projector.stop();
  });

  it('of a killed ownership session are survived: the partitions are taken again', async () => {
    const projector = await startProjector(log);
    const append = appender(log);
    await eventually('all partitions to be owned', () => projector.projector.ownedPartitions.size === 4);
    await log.owner.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'orders partitions' and datname = current_database()`,
    );
    await place(append, orderIdIn(1, 4));
    await projected(log);
    await eventually('all partitions to be owned again', () => projector.projector.ownedPartitions.size === 4);
    expect((await getProjections(queriesOf(log))).every(({ lag }) => lag === 0)).to.equal(true);
    await projector.stop();
  });
});

/** How many scripts Redis has been asked for by their hashes. */
async function callsOfScripts(log: TestLog): Promise<number> {
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(await log.redis.info('commandstats'))?.[1] ?? 0);
}
