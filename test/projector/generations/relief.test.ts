import { expect } from 'chai';
import { createGenerationStore, type GenerationStore } from '../../../src/projector/generations/generation-store.js';
import { removeGeneration } from '../../../src/projector/generations/remove-generation.js';
import { projectorLimits as limits } from '../../../src/projector/limits.js';
import { createTestLog, type TestLog } from '../../support/servers.js';

const projection = { name: 'metrics', version: 2 };
const older = { name: 'metrics', version: 1 };

describe('The generations of a projection', () => {
  const realNow = Date.now;
  let log: TestLog;
  let store: GenerationStore;
  beforeEach(async () => {
    log = await createTestLog(1);
    store = createGenerationStore(log.redis, log.keys, log.pool);
  });
  afterEach(async () => {
    Date.now = realNow;
    await log.redis.config('SET', 'maxmemory', '0');
    await log.close();
  });

  async function live(): Promise<[version: number, generation: number][]> {
    const [generations] = await store.read([projection]);
    return [...(generations?.live ?? [])].toSorted(([a], [b]) => a - b);
  }

  /** Makes the generation that is being built for version 2 live, beside that of version 1. */
  async function bothLive(): Promise<void> {
    await store.open(older, 'test');
    await store.open(projection, 'test');
    await store.announceFlip(projection, 'token');
    expect(await store.flip(projection, 2, 'token')).to.equal(true);
  }

  it('a process whose clock is two minutes ahead retires no living version, and removes nothing early', async () => {
    await bothLive();
    Date.now = () => realNow() + 120_000;
    await store.retireVersions(projection);
    expect(await live()).to.deep.equal([
      [1, 1],
      [2, 2],
    ]);
    await store.request(projection, 'test');
    await store.cancel(projection);
    expect(await store.dueRemoval(projection), 'within the grace period').to.equal(undefined);
    const scratch = await store.openScratch(projection);
    expect(await store.dueRemoval(projection)).to.equal(undefined);
    await store.retire(scratch);
    expect(await store.dueRemoval(projection)).to.deep.equal(scratch);
  });

  it('a newer version that was rolled back is given up after a day, and not before', async () => {
    await bothLive();
    const hash = log.keys.generations(projection.name);
    const seen = (agoMs: number) => log.redis.hset(hash, 'seen:2', realNow() - agoMs);
    await seen(limits.newerVersionSeenTimeoutMs - 60_000);
    await store.retireVersions(older);
    expect(await live()).to.have.length(2);
    await seen(limits.newerVersionSeenTimeoutMs + 60_000);
    await store.retireVersions(older);
    expect(await live()).to.deep.equal([[1, 1]]);
    const [generations] = await store.read([older]);
    expect([...(generations?.retired.keys() ?? [])]).to.deep.equal([2]);
  });

  it('a Redis without free memory cancels a rebuild, removes its keys and gives up old versions', async () => {
    await bothLive();
    const { build } = await store.request(projection, 'test');
    const id = { name: projection.name, generation: build.generation };
    const key = log.keys.partition(id, 0);
    await log.redis.set(log.keys.checkpoint(id, 0), '5:ab');
    await log.redis.hset(key('figures'), 'total', 'x'.repeat(10_000));
    await log.redis.hset(log.keys.generations('metrics'), 'seen:1', 0);
    await log.redis.config('SET', 'maxmemory', '1');
    expect(await log.redis.set(key('more'), 'x').catch(String)).to.match(/OOM/);

    await store.open(projection, 'a process that starts now');
    expect(await store.cancel(projection)).to.equal(true);
    await store.retireVersions(projection);
    expect(await live()).to.deep.equal([[2, 2]]);
    await store.retire(id);
    expect(await store.dueRemoval(projection)).to.deep.equal(id);
    expect(await removeGeneration(log.redis, log.keys, 1, id, () => false)).to.equal(true);
    await store.forgetRetired(id);
    expect(await log.redis.exists(key('figures'))).to.equal(0);
    expect(await log.redis.ttl(log.keys.checkpoint(id, 0))).to.be.within(1, limits.retiredCheckpointSeconds);
    const [generations] = await store.read([projection]);
    expect(generations?.retired.has(build.generation)).to.equal(false);
  });
});
