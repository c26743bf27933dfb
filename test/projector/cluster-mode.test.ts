import { rm } from 'node:fs/promises';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import type { EmbeddedServer } from '../../src/embedded/child.js';
import { freePort } from '../../src/embedded/child.js';
import { startRedis } from '../../src/embedded/redis.js';
import { createProjectionStore } from '../../src/projector/projection-store.js';
import { createDataDir } from '../support/data-dir.js';
import { appender, noteEvent, orderIdIn, place, startProjector } from '../support/events.js';
import { expectReadModelsEqualTheLog, projected } from '../support/read-models.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';
import { step } from '../support/steps.js';

describe('on a Redis in cluster mode, which refuses calls with keys of several partitions', () => {
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

  it('steps of several partitions are all taken, and only the first call is refused', async () => {
    const store = createProjectionStore(redis, log.keys);
    const refused = await refusedCalls();
    for (let from = 0; from < 3; from += 1) {
      const results = await Promise.all(
        [0, 1, 2].map((partition) => store.apply(partition, [step('metrics', from, from + 1)])),
      );
      expect(results.flat()).to.deep.equal([{ applied: true }, { applied: true }, { applied: true }]);
    }
    expect((await refusedCalls()) - refused).to.equal(1);
  });

  it('the read models are those of the log all the same', async () => {
    const there: TestLog = { ...log, redis, redisUrl: server.url };
    const projector = await startProjector(there);
    const append = appender(there);
    const orderIds = Array.from({ length: 64 }, (_, nth) => orderIdIn(nth % 16, 16));
    await Promise.all(orderIds.map((orderId) => place(append, orderId)));
    await projected(there);
    await Promise.all(orderIds.map((orderId) => append({ orderId, expectedVersion: 1, events: [noteEvent('after')] })));
    await projected(there);
    await expectReadModelsEqualTheLog(there);
    await projector.stop();
  });
});

/** In cluster mode Redis listens ten thousand ports further on too. */
async function lowPort(): Promise<number> {
  const port = await freePort();
  return port + 10_000 < 65_536 ? port : port - 20_000;
}
