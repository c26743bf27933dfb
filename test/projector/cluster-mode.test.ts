import { rm } from 'node:fs/promises';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import type { EmbeddedServer } from '../../src/embedded/child.js';
import { freePort } from '../../src/embedded/child.js';
import { startRedis } from '../../src/embedded/redis.js';
import { createProjectionStore } from '../../src/projector/steps/projection-store.js';
import { RunStore } from '../../src/service/runs/run-store.js';
import { createDataDir } from '../support/data-dir.js';
import { appender, noteEvent, orderIdIn, place, startProjector } from '../support/events.js';
import { expectReadModelsEqualTheLog, projected } from '../support/read-models.js';
import { createTestLog, eventually, silent, type TestLog } from '../support/servers.js';
import { step } from '../support/steps.js';

describe('Redis in cluster mode', () => {
  let folder: string;
  let server: EmbeddedServer;
  let redis: Redis;
  let log: TestLog;

  before(async () => {
    folder = await createDataDir('cluster');
    server = await startRedis(folder, () => undefined, { port: await lowPort(), settings: ['cluster-enabled yes'] });
    redis = new Redis(server.url);
    const slots = Array.from({ length: 16_384 }, (_, slot) => slot);
    await redis.call('CLUSTER', 'ADDSLOTS', ...slots);
    await eventually('the cluster to be up', async () =>
      /cluster_state:ok/.test(String(await redis.call('CLUSTER', 'INFO'))),
    );
  });

  beforeEach(async () => {
    log = await createTestLog();
  });

  afterEach(() => log.close());

  after(async () => {
    redis.disconnect();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function refusedCalls(): Promise<number> {
    return Number(/errorstat_CROSSSLOT:count=(\d+)/.exec(await redis.info('errorstats'))?.[1] ?? 0);
  }

  it('in cluster mode steps of several partitions are all applied, and only the first call is refused', async () => {
    const store = createProjectionStore(redis, log.keys);
    const refusedBefore = await refusedCalls();
    for (let from = 0; from < 3; from += 1) {
      const results = await Promise.all(
        [0, 1, 2].map((partition) => store.apply(partition, [step('metrics', from, from + 1)])),
      );
      expect(results.flat()).to.deep.equal([{ applied: true }, { applied: true }, { applied: true }]);
    }
    expect((await refusedCalls()) - refusedBefore).to.equal(1);
  });

  it('in cluster mode the read models equal the log', async () => {
    const logInCluster: TestLog = { ...log, redis, redisUrl: server.url };
    const projector = await startProjector(logInCluster);
    const append = appender(logInCluster);
    const orderIds = Array.from({ length: 64 }, (_, nth) => orderIdIn(nth % 16, 16));
    await Promise.all(orderIds.map((orderId) => place(append, orderId)));
    await projected(logInCluster);
    await Promise.all(orderIds.map((orderId) => append({ orderId, expectedVersion: 1, events: [noteEvent('after')] })));
    await projected(logInCluster);
    await expectReadModelsEqualTheLog(logInCluster);
    await projector.stop();
  });

  it('in cluster mode a long run begins and ends', async () => {
    const store = new RunStore(redis, `${log.keys.runPrefix}verification`, {}, silent);
    const { run, isNew } = await store.start('a', async () => ({}));
    expect(isNew).to.equal(true);
    const [ended] = await eventually('the end', async () => {
      const runs = await store.list();
      return runs.some(({ state }) => state !== 'running') && runs;
    });
    expect(ended).to.include({ run_id: run.run_id, state: 'done' });
  });
});

/** A free port. In cluster mode Redis also listens on the port 10,000 above it. */
async function lowPort(): Promise<number> {
  const port = await freePort();
  return port + 10_000 < 65_536 ? port : port - 20_000;
}
