import { expect } from 'chai';
import { readHeads } from '../../../src/event-log/heads/read-heads.js';
import { orderStatusProjection as projection } from '../../../src/projections/order-status.js';
import { type CheckpointFreeze, createCheckpointFreeze } from '../../../src/projector/generations/checkpoint-freeze.js';
import { createGenerationStore, type GenerationStore } from '../../../src/projector/generations/generation-store.js';
import { RebuildCoordinator } from '../../../src/projector/generations/rebuild-coordinator.js';
import { decodeCheckpoint, encodeCheckpoint } from '../../../src/read-models/checkpoint.js';
import { appender, orderIdIn, place, startProjector } from '../../support/events.js';
import { projected } from '../../support/read-models.js';
import { createTestLog, eventually, silent, type TestLog } from '../../support/servers.js';

const partitions = 2;

describe('the flip of a rebuild', () => {
  let log: TestLog;
  let store: GenerationStore;
  let coordinator: RebuildCoordinator | undefined;
  beforeEach(async () => {
    log = await createTestLog(partitions);
    store = createGenerationStore(log.redis, log.keys, log.pool);
    const { stop } = await startProjector(log);
    const append = appender(log);
    for (let nth = 0; nth < 6; nth += 1) await place(append, orderIdIn(nth % partitions, partitions));
    await projected(log);
    await stop();
  });
  afterEach(async () => {
    await coordinator?.stop();
    await log.close();
  });

  const checkpointKey = (generation: number, partition: number) =>
    log.keys.checkpoint({ name: projection.name, generation }, partition);
  /** The checkpoint of the first generation, which is live. */
  const readCheckpoint = async (partition: number) =>
    decodeCheckpoint(await log.redis.get(checkpointKey(1, partition)));
  const liveGeneration = async () => (await store.read([projection]))[0]?.live.get(projection.version);

  /** Starts a coordinator beside which nothing fills the generation. */
  async function startCoordinator(checkpointFreeze: CheckpointFreeze): Promise<void> {
    const heads = new Map((await readHeads(log.pool)).map(({ partition, position }) => [partition, position]));
    coordinator = new RebuildCoordinator({
      ...{ redis: log.redis, keys: log.keys, partitions, projections: [projection], store, checkpointFreeze },
      logHeads: { heads, readHeads: async () => true },
      log: silent,
    });
    coordinator.start();
  }

  it('waits for the last event of the last partition: queries would lose it', async () => {
    const { build } = await store.request(projection, 'test');
    const [first, last] = await Promise.all([readCheckpoint(0), readCheckpoint(1)]);
    await log.redis.set(checkpointKey(build.generation, 0), encodeCheckpoint(first));
    const oneBefore = { ...last, position: last.position - 1 };
    await log.redis.set(checkpointKey(build.generation, 1), encodeCheckpoint(oneBefore));
    const liveWhenGivenUp: (number | undefined)[] = [];
    const freeze = createCheckpointFreeze(log.redis, log.keys);
    await startCoordinator({
      ...freeze,
      async releaseFlip(name, token) {
        liveWhenGivenUp.push(await liveGeneration());
        await freeze.releaseFlip(name, token);
      },
    });
    await eventually(
      'the coordinator to decide',
      async () => liveWhenGivenUp.length > 0 || (await liveGeneration()) === build.generation,
    );
    expect(liveWhenGivenUp[0], 'the live generation once the flip is given up').to.equal(1);
    await log.redis.set(checkpointKey(build.generation, 1), encodeCheckpoint(last));
    await eventually('the flip', async () => (await liveGeneration()) === build.generation);
  });
});
