import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { type Command, Redis } from 'ioredis';
import { pino } from 'pino';
import { RunStore } from '../../../src/service/runs/run-store.js';
import { eventually, serverUrls } from '../../support/servers.js';
import { replaced } from '../../support/watched-pool.js';

describe('The store of long runs', () => {
  let connections: Redis[];
  before(() => {
    connections = Array.from({ length: 5 }, () => new Redis(serverUrls().redisUrl));
  });
  after(() => {
    for (const redis of connections) redis.disconnect();
  });
  /** Of the test: a run of the test before may still end. */
  let prefix: string;
  let keys: Record<'lease' | 'current' | 'ended' | 'cancel', string>;
  /** The stores of several processes. */
  let stores: RunStore<object>[];
  /** Ends the work of a test that has failed: its timer would keep the process alive. */
  let over: AbortController;
  beforeEach(() => {
    prefix = `run-store-test:${randomUUID()}`;
    const key = (name: string) => `{${prefix}}:${name}`;
    keys = { lease: key('running'), current: key('current'), ended: key('ended'), cancel: key('cancel') };
    stores = connections.map((redis) => new RunStore(redis, prefix, {}, pino({ level: 'silent' })));
    over = new AbortController();
  });
  afterEach(async () => {
    over.abort();
    await connections[0]?.del(...Object.values(keys));
  });

  /** Work that ends when `end` is called. */
  function endableWork() {
    let end: () => void = () => undefined;
    const ended = new Promise<object>((resolve) => {
      end = () => resolve({});
    });
    return { work: () => ended, end };
  }

  const statesOf = async (store: RunStore<object> | undefined) =>
    Object.fromEntries(((await store?.list()) ?? []).map(({ run_id, state }) => [run_id, state]));

  it('begins one run for several concurrent starts, and returns that run to all callers', async () => {
    const { work, end } = endableWork();
    let begun = 0;
    const counted = () => {
      begun += 1;
      return work();
    };
    const starts = await Promise.all(stores.map((store, nth) => store.start(`user ${nth}`, counted)));
    expect(begun).to.equal(1);
    expect(starts.filter(({ isNew }) => isNew)).to.have.length(1);
    const ids = [...new Set(starts.map(({ run }) => run.run_id))];
    expect(ids).to.have.length(1);
    end();
    await eventually('the end', async () => (await statesOf(stores[0]))[ids[0] ?? ''] === 'done');
    expect(await statesOf(stores[1])).to.deep.equal({ [ids[0] ?? '']: 'done' });
    expect(await connections[0]?.exists(keys.lease, keys.current)).to.equal(0);
  });

  /** Work that lasts until it is aborted. */
  const endless = (_: unknown, signal: AbortSignal) =>
    new Promise<object>((_, reject) => {
      for (const one of [signal, over.signal])
        one.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
    });

  it('a run is cancelled by any process, and ends without a result', async () => {
    const { run } = (await stores[0]?.start('a', endless)) ?? expect.fail();
    expect(await stores[1]?.cancel(randomUUID()), 'another run').to.equal(false);
    expect(await stores[1]?.cancel(run.run_id)).to.equal(true);
    await eventually('the end', async () => (await statesOf(stores[2]))[run.run_id] === 'cancelled');
    const [ended] = (await stores[2]?.list()) ?? [];
    expect([ended?.error, ended?.ended_at === null]).to.deep.equal([null, false]);
    expect(await stores[1]?.cancel(run.run_id), 'a run that has ended').to.equal(false);
  });

  it('a run that has lost its lease is interrupted, and its end leaves the next run alone', async () => {
    const { work, end } = endableWork();
    const { run: lost } = (await stores[0]?.start('a', work)) ?? expect.fail();
    // Another process took the lease after it had expired.
    const next = { ...lost, run_id: randomUUID(), requested_by: 'b' };
    await connections[0]?.set(keys.lease, JSON.stringify(next));
    expect(await statesOf(stores[1])).to.deep.equal({ [next.run_id]: 'running', [lost.run_id]: 'interrupted' });
    await connections[0]?.set(keys.current, JSON.stringify(next));
    end();
    await eventually('the end', async () => (await statesOf(stores[0]))[lost.run_id] === 'done');
    expect(await statesOf(stores[1])).to.deep.equal({ [next.run_id]: 'running', [lost.run_id]: 'done' });
    expect(await stores[2]?.start('c', work)).to.deep.equal({ run: next, isNew: false });
    expect(await connections[0]?.get(keys.current)).to.equal(JSON.stringify(next));
  });

  it('a run that has lost its lease aborts, was interrupted, and never takes the lease again', async () => {
    const { run: lost } = (await stores[0]?.start('a', endless)) ?? expect.fail();
    const next = { ...lost, run_id: randomUUID(), requested_by: 'b' };
    await connections[0]?.set(keys.lease, JSON.stringify(next));
    const endedRun = await eventually('the end', async () => (await connections[0]?.lindex(keys.ended, 0)) ?? false);
    expect(JSON.parse(endedRun)).to.include({ run_id: lost.run_id, state: 'interrupted', error: null });
    expect(await connections[0]?.get(keys.lease)).to.equal(JSON.stringify(next));
  });

  it('a run ignores the lease that another release keeps in another format', async () => {
    const oldKey = `${prefix}:lease`;
    await connections[0]?.set(oldKey, randomUUID());
    const { run, isNew } = (await stores[0]?.start('a', endless)) ?? expect.fail();
    expect(isNew).to.equal(true);
    expect(await statesOf(stores[1])).to.deep.equal({ [run.run_id]: 'running' });
    await stores[0]?.cancel(run.run_id);
    await eventually('the end', async () => (await statesOf(stores[2]))[run.run_id] === 'cancelled');
    await connections[0]?.del(oldKey);
  });

  const endedIds = async () =>
    ((await connections[0]?.lrange(keys.ended, 0, -1)) ?? []).map((text) => JSON.parse(text).run_id);

  it('a run that the next one has found interrupted is listed once, also when its process is back', async () => {
    const { run: lost } = (await stores[0]?.start('a', endless)) ?? expect.fail();
    // Its process reports every now and then, and would renew the lease.
    const next = await eventually('the next run', async () => {
      await connections[0]?.del(keys.lease);
      const started = (await stores[1]?.start('b', endless)) ?? expect.fail();
      return started.isNew && started.run;
    });
    expect(await endedIds()).to.deep.equal([lost.run_id]);
    expect(await statesOf(stores[2])).to.deep.equal({ [next.run_id]: 'running', [lost.run_id]: 'interrupted' });
    const [ended] = await eventually('the end of the lost one', async () => {
      const texts = (await connections[0]?.lrange(keys.ended, 0, -1)) ?? [];
      return texts.some((text) => JSON.parse(text).ended_at !== null) && texts;
    });
    expect(JSON.parse(ended ?? '')).to.include({ run_id: lost.run_id, state: 'interrupted' });
    expect(await endedIds()).to.deep.equal([lost.run_id]);
    for (const key of [keys.lease, keys.current])
      expect(JSON.parse((await connections[0]?.get(key)) ?? '')).to.include({ run_id: next.run_id });
  });

  it('a run that has ended is not kept again by the next one, although it is still the current one', async () => {
    const { work, end } = endableWork();
    const { run: first } = (await stores[0]?.start('a', work)) ?? expect.fail();
    end();
    await eventually('the end', async () => (await endedIds()).length === 1);
    await connections[0]?.set(keys.current, JSON.stringify(first));
    const { run: next } = (await stores[1]?.start('b', work)) ?? expect.fail();
    await eventually('the end', async () => (await endedIds()).length > 1);
    expect(await endedIds()).to.deep.equal([next.run_id, first.run_id]);
    expect(await statesOf(stores[2])).to.deep.equal({ [next.run_id]: 'done', [first.run_id]: 'done' });
  });

  it('the end of a run is repeated until Redis records it, and operators see both', async () => {
    const [redis = expect.fail()] = connections;
    let refused = 0;
    const sendCommand = async (command: Command) => {
      if (!command.args.some((arg) => String(arg).includes('"state":"done"')) || refused === 2)
        return redis.sendCommand(command);
      refused += 1;
      throw new Error('LOADING Redis is loading the dataset in memory');
    };
    const lines: { run_id: string; msg: string }[] = [];
    const log = pino({ level: 'info' }, { write: (line) => lines.push(JSON.parse(line)) });
    const store = new RunStore(replaced(redis, { sendCommand }), prefix, {}, log);
    const { run } = await store.start('a', async () => ({}));
    await eventually('the end', async () => (await statesOf(stores[1]))[run.run_id] === 'done');
    expect(refused).to.equal(2);
    await eventually('the last line', () => lines.length > 1);
    expect(lines.map(({ run_id, msg }) => [run_id, msg])).to.deep.equal([
      [run.run_id, 'Redis does not record the end of a run; it is asked again for up to 10 minutes'],
      [run.run_id, 'Redis has recorded the end of the run'],
    ]);
    expect(await redis.exists(keys.lease, keys.current)).to.equal(0);
  });

  it('a run does not take its lease again after another one has begun and ended', async () => {
    const { run: lost } = (await stores[0]?.start('a', endless)) ?? expect.fail();
    const next = { ...lost, run_id: randomUUID(), state: 'done', ended_at: lost.started_at };
    await connections[0]
      ?.multi()
      .del(keys.lease, keys.current)
      .lpush(keys.ended, JSON.stringify(lost), JSON.stringify(next))
      .exec();
    await eventually('the end of the lost one', async () => {
      const text = await connections[0]?.lindex(keys.ended, 1);
      return JSON.parse(text ?? '').ended_at !== null;
    });
    expect(await statesOf(stores[1])).to.deep.equal({ [next.run_id]: 'done', [lost.run_id]: 'interrupted' });
    expect(await endedIds()).to.deep.equal([next.run_id, lost.run_id]);
    expect(await connections[0]?.exists(keys.lease, keys.current)).to.equal(0);
  });
});
