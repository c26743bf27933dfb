import { expect } from 'chai';
import type { Command } from 'ioredis';
import { allProjections } from '../../../src/projections/all-projections.js';
import { FoldTooLarge } from '../../../src/projector/dry-run/memory-store.js';
import { projectorLimits as limits } from '../../../src/projector/limits.js';
import { dryRunProjection } from '../../../src/service/runs/dry-run.js';
import { verifyPartitions } from '../../../src/service/runs/verify-partitions.js';
import { verifyProjections } from '../../../src/service/runs/verify-projections.js';
import { appender, orderIdIn, place, startProjector } from '../../support/events.js';
import { projected, queriesOf } from '../../support/read-models.js';
import { liveKeys } from '../../support/redis-keys.js';
import { createTestLog, silent, type TestLog } from '../../support/servers.js';
import { replaced } from '../../support/watched-pool.js';

describe('comparisons of read models with the log', () => {
  let log: TestLog;
  let projector: { stop(): Promise<void> };
  beforeEach(async () => {
    log = await createTestLog(2);
    projector = await startProjector(log);
    await grow(5);
  });
  afterEach(async () => {
    await projector.stop();
    await log.close();
  });

  const context = () => ({ ...log, models: queriesOf(log), openEvents: open, log: silent });
  const open = async <Event>(events: readonly Event[]) => [...events];
  async function grow(orders: number): Promise<void> {
    const append = appender(log);
    for (let nth = 0; nth < 2 * orders; nth += 1) await place(append, orderIdIn(nth % 2, 2));
    await projected(log);
  }

  it('a partition is folded to where its read models are when its fold begins', async () => {
    let grown: Promise<void> | undefined;
    // The first query comes after the live generations were found.
    const pool = replaced(log.pool, {
      query: async (...args: Parameters<typeof log.pool.query>) => {
        grown ??= grow(5);
        await grown;
        return log.pool.query(...args);
      },
    });
    const steps: string[] = [];
    await verifyPartitions(
      { ...context(), pool },
      { lives: [{ id: { name: 'order-status', generation: 1 }, keys: [] }], partitions: [0], atOnce: 1, maxBytes: 1e7 },
      {
        onFolded: (events) => steps.push(`folded ${events}`),
        onCompared: () => steps.push('compared'),
        onDifference: ({ key }) => expect.fail(`${key} differs`),
        onCutOff: (projection) => expect.fail(`${projection} is not compared to its end`),
      },
    );
    expect(steps).to.deep.equal(['folded 10', 'compared']);
  });

  it('a read model that Redis has lost is an error, and never without a difference', async () => {
    await projector.stop();
    const [status, history] = allProjections.filter(({ name }) => name.startsWith('order-'));
    if (!status || !history) throw new Error('there are two projections of orders');
    await log.redis.del(log.keys.generations(history.name));
    const onDifference = () => undefined;
    for (const compare of [
      () => verifyProjections(context(), [status, history], { onDifference }),
      () => dryRunProjection(context(), history, { onDifference }),
    ]) {
      const failure = await compare().then(String, (error: Error) => error.message);
      expect(failure).to.contain(`no live generation of ${history.name}, so nothing was compared`);
    }
  });

  it('an error of a listener ends a comparison in threads, and does not end the process', async () => {
    const { databaseUrl, redisUrl } = log;
    const connection = {
      servers: { databaseUrl, directDatabaseUrl: undefined, redisUrl },
      databaseRole: 'orders_service',
      personalDataKeyFile: undefined,
    };
    const failed = await verifyProjections(context(), allProjections, {
      threads: { count: 2, connection },
      onDifference: () => undefined,
      onProgress: () => {
        throw new Error('the terminal is gone');
      },
    }).catch((error: unknown) => error);
    expect(String(failed)).to.match(/the terminal is gone/);
  });

  it('reports no difference if a partition is too large, because the replay into Redis finds it again', async () => {
    await log.redis.zadd(liveKeys(log, 'order-status', 0)('held'), 0, 'added');
    const append = appender(log);
    for (let nth = 0; nth < 100; nth += 1) await place(append, orderIdIn(1, 2));
    await projected(log);
    const found: string[] = [];
    // Partition 0 is small enough and comes first.
    const outcome = await verifyProjections(context(), allProjections, {
      onDifference: ({ key }) => found.push(key),
      maxFoldedBytes: 40_000,
    }).catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(FoldTooLarge);
    expect(found).to.deep.equal([]);
    await verifyProjections(context(), allProjections, { onDifference: ({ key }) => found.push(key) });
    expect(found).to.deep.equal(['held']);
  });

  it('holds differences up to a length, and reports further ones even if a partition is too large', async () => {
    const value = 'x'.repeat(limits.maxHeldLength / 4);
    for (let nth = 0; nth < 5; nth += 1)
      await log.redis.set(liveKeys(log, 'order-status', 0)('order', `nobody-${nth}`), value);
    const append = appender(log);
    for (let nth = 0; nth < 100; nth += 1) await place(append, orderIdIn(1, 2));
    await projected(log);
    const found: string[] = [];
    let reported: () => void = () => undefined;
    const areReported = new Promise<void>((resolve) => {
      reported = resolve;
    });
    // Partition 1 is folded, and found too large, once partition 0 was compared.
    const openEvents = async <Event>(events: readonly Event[]) => {
      if (JSON.stringify(events[0]).includes('"partition":1')) await areReported;
      return [...events];
    };
    const outcome = await verifyProjections({ ...context(), openEvents }, allProjections, {
      onDifference: ({ key }) => {
        if (found.push(key) === 2) reported();
      },
      maxFoldedBytes: 40_000,
    }).catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(FoldTooLarge);
    // Three values and their keys are held.
    expect(found).to.have.length(2);
  });

  it('compares a damaged key that the log does not have up to a limit, and says so', async () => {
    const key = liveKeys(log, 'order-status', 0)('users', 'damaged');
    const entry = 'x'.repeat(1_000);
    // Twice as many as the limit allows.
    const count = Math.ceil((2 * limits.maxSuspectsBytes) / entry.length);
    const fields = Array.from({ length: count }, (_, nth) => [`${entry}${nth}`, '']).flat();
    for (let at = 0; at < fields.length; at += 1_000) await log.redis.hset(key, ...fields.slice(at, at + 1_000));
    const projection = allProjections.find(({ name }) => name === 'order-status') ?? expect.fail();
    let found = 0;
    const onDifference = () => {
      found += 1;
    };
    let pages = 0;
    const sendCommand = (command: Command) => {
      // Its later pages are read by themselves.
      if (command.args[1] === '1' && command.args[2] === key) pages += 1;
      return log.redis.sendCommand(command);
    };
    const redis = replaced(log.redis, { sendCommand });
    const [verified] = await verifyProjections({ ...context(), redis }, [projection], { onDifference });
    expect(verified).to.include({ generation: 1, isComplete: false });
    expect(found).to.be.within(1, count / 2);
    expect(pages).to.be.within(1, (0.75 * count) / limits.entriesPerPage);
    const dryRun = await dryRunProjection(context(), projection, { onDifference });
    expect(dryRun).to.include({ generation: 1, isComplete: false });
    await log.redis.del(key);
    const [repaired] = await verifyProjections(context(), [projection], { onDifference });
    expect(repaired?.isComplete).to.equal(true);
  });

  it('a fold that becomes too large while it is compared is replaced by folds of single projections', async () => {
    const names = allProjections.map(({ name }) => name);
    for (const name of names) await log.redis.zadd(liveKeys(log, name, 0)('added'), 0, 'entry');
    let grown: Promise<void> | undefined;
    // The log grows when the fold is compared, before the entries that differ are compared again.
    const sendCommand = async (command: Command) => {
      if (command.args.some((arg) => String(arg).endsWith(':added'))) grown ??= grow(100);
      await grown;
      return log.redis.sendCommand(command);
    };
    let folds = 0;
    const openEvents = async <Event>(events: readonly Event[]) => {
      if (JSON.stringify(events[0]).includes('"position":1,')) folds += 1;
      return [...events];
    };
    const found: string[] = [];
    await verifyPartitions(
      { ...context(), openEvents, redis: replaced(log.redis, { sendCommand }) },
      {
        lives: names.map((name) => ({ id: { name, generation: 1 }, keys: [['added']] })),
        ...{ partitions: [0], atOnce: 1, maxBytes: 100_000 },
      },
      {
        onFolded: () => undefined,
        onCompared: () => undefined,
        onDifference: ({ projection, key }) => found.push(`${projection} ${key}`),
        onCutOff: (projection) => expect.fail(`${projection} is not compared to its end`),
      },
    );
    expect(found).to.deep.equal(names.map((name) => `${name} added`));
    expect(folds).to.be.greaterThan(1);
  });

  it('a dry run that is cancelled after its replay compares nothing more', async () => {
    const projection = allProjections.find(({ name }) => name === 'order-status') ?? expect.fail();
    await log.redis.zadd(liveKeys(log, 'order-status', 0)('held'), 0, 'added');
    const cancelled = new AbortController();
    const found: string[] = [];
    const outcome = await dryRunProjection(context(), projection, {
      signal: cancelled.signal,
      onProgress: (done, total) => {
        if (done === total) cancelled.abort(new Error('cancelled'));
      },
      onDifference: ({ key }) => found.push(key),
    }).catch((error: unknown) => error);
    expect(String(outcome)).to.match(/cancelled/);
    expect(found).to.deep.equal([]);
    await dryRunProjection(context(), projection, { onDifference: ({ key }) => found.push(key) });
    expect(found).to.deep.equal(['held']);
  });
});
