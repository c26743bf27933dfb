import { expect } from 'chai';
import { createProjectionStore } from '../../../src/projector/steps/projection-store.js';
import { ReadModelUnavailable } from '../../../src/read-models/read-model-unavailable.js';
import type { RedisCommand } from '../../../src/read-models/redis/redis-command.js';
import { createTestLog, eventually, type TestLog } from '../../support/servers.js';
import { step } from '../../support/steps.js';

describe('applying steps', () => {
  let log: TestLog;
  beforeEach(async () => {
    log = await createTestLog(4);
  });
  afterEach(() => log.close());
  const keyOf = (name: string, partition: number) => log.keys.partition({ name, generation: 1 }, partition)('key');

  it('a step is applied only on top of the checkpoint that it was folded from', async () => {
    const another = log.redis.duplicate();
    const [owner, late] = [createProjectionStore(log.redis, log.keys), createProjectionStore(another, log.keys)];
    const key = keyOf('metrics', 0);
    const stepOn = (from: number, to: number) => step('metrics', from, to, ['INCRBY', key, to - from]);
    expect(await owner.apply(0, [stepOn(0, 5)])).to.deep.equal([{ applied: true }]);
    // The same step again, one from a passed position, and one from a position that was never
    // reached.
    const refused = { applied: false, found: { position: 5, hash: 'h5' } };
    for (const late5 of [stepOn(0, 5), stepOn(3, 9), stepOn(9, 12)])
      expect(await late.apply(0, [late5])).to.deep.equal([refused]);
    expect(await owner.apply(0, [stepOn(5, 7)])).to.deep.equal([{ applied: true }]);
    expect(await log.redis.get(key)).to.equal('7');
    another.disconnect();
  });

  it('neither a late step nor one that Redis refuses affects the steps of other projections', async () => {
    const store = createProjectionStore(log.redis, log.keys);
    const set = (name: string): RedisCommand => ['SET', keyOf(name, 0), 'x'];
    const published: string[] = [];
    const subscriber = log.redis.duplicate();
    await subscriber.subscribe(log.keys.stepsChannel);
    subscriber.on('message', (_, message: string) => published.push(...message.split('\n')));
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
    await eventually('both steps to be published', () => published.length === 2);
    expect(published).to.deep.equal(['a 1 0 1', 'c 1 0 1']);
    subscriber.disconnect();
  });

  it('a step of which Redis refuses one write has applied none, so that counting it again is exact', async () => {
    const store = createProjectionStore(log.redis, log.keys);
    const name = (key: string) => log.keys.partition({ name: 'metrics', generation: 1 }, 0)(key);
    await log.redis.set(name('set'), 'a string');
    const writes: RedisCommand[] = [
      ['HSET', name('hash'), 'field', '1'],
      ['HSET', name('hash'), 'other', '2'],
      ['SADD', name('set'), 'x'],
    ];
    const [refused] = await store.apply(0, [step('metrics', 0, 1, ...writes)]);
    expect(String(refused && 'error' in refused && refused.error)).to.match(/WRONGTYPE .*:set has another type/);
    expect(await log.redis.exists(name('hash'))).to.equal(0);
    await log.redis.del(name('set'));
    expect(await store.apply(0, [step('metrics', 0, 1, ...writes)])).to.deep.equal([{ applied: true }]);
    expect(await log.redis.hgetall(name('hash'))).to.deep.equal({ field: '1', other: '2' });
  });

  it('the types of all keys of a run of writes are looked at before its first write', async () => {
    const store = createProjectionStore(log.redis, log.keys);
    const name = (key: string) => log.keys.partition({ name: 'metrics', generation: 1 }, 0)(key);
    const all: ((key: string) => RedisCommand)[] = [
      (key) => ['HSET', key, 'field', '1'],
      (key) => ['HDEL', key, 'field'],
      (key) => ['ZADD', key, 0, 'a', 0, 'b'],
      (key) => ['ZREM', key, 'a'],
      (key) => ['SADD', key, 'x'],
      (key) => ['ZREMRANGEBYRANK', key, 0, -2],
      (key) => ['RPUSH', key, 'x', 'y'],
      (key) => ['LSET', key, 0, 'x'],
    ];
    await log.redis.set(name('string'), 'x');
    for (const write of all) {
      const first: RedisCommand = ['HSET', name('first'), 'field', '1'];
      const writes = [first, write(name('new')), write(name('other')), write(name('string'))];
      const [refused] = await store.apply(0, [step('metrics', 0, 1, ...writes)]);
      expect(String(refused && 'error' in refused && refused.error)).to.match(/:string has another type/);
      expect(await log.redis.exists(name('first'), name('new'), name('other'))).to.equal(0);
    }
  });

  it('steps of several partitions share one call, and each is applied once or rejected by itself', async () => {
    const store = createProjectionStore(log.redis, log.keys);
    const stepOn = (partition: number, from: number, to: number) =>
      step('metrics', from, to, ['INCRBY', keyOf('metrics', partition), to - from]);
    // This call loads the script.
    await store.apply(3, [stepOn(3, 1, 2)]);
    const calls = await callsOfScripts(log);
    // The third step starts from the checkpoint that the first one moves in the same call.
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

  it('large steps get calls of their own at once, and each partition learns that Redis is unavailable', async () => {
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
});

/** The number of scripts that Redis has been asked to run by their hashes. */
async function callsOfScripts(log: TestLog): Promise<number> {
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(await log.redis.info('commandstats'))?.[1] ?? 0);
}
