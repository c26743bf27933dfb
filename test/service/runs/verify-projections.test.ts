import { expect } from 'chai';
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

describe('comparisons of read models with the log', function () {
  this.timeout(60_000);
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
      },
    );
    expect(steps).to.deep.equal(['folded 10', 'compared']);
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
