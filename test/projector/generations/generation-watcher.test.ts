import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { pino } from 'pino';
import { createGenerationStore, type GenerationStore } from '../../../src/projector/generations/generation-store.js';
import { GenerationWatcher } from '../../../src/projector/generations/generation-watcher.js';
import { projectorLimits as limits } from '../../../src/projector/limits.js';
import { createTestLog, eventually, type TestLog } from '../../support/servers.js';

const projection = { name: 'watched', version: 1 };

describe('GenerationWatcher', () => {
  let log: TestLog;
  let store: GenerationStore;
  let subscriber: Redis;
  let watcher: GenerationWatcher;
  /** By reading: the generation that is being built. */
  let readings: (number | undefined)[];
  /** The lines that the watcher logs, from level info on. */
  let lines: string[];
  /** Why the generations cannot be followed. */
  let failure: Error | undefined;
  beforeEach(async () => {
    log = await createTestLog(4);
    store = createGenerationStore(log.redis, log.keys, log.pool);
    subscriber = log.redis.duplicate();
    readings = [];
    lines = [];
    failure = undefined;
    watcher = new GenerationWatcher({
      keys: log.keys,
      store,
      projections: [projection],
      requestedBy: 'test',
      onRead: async ([generations]) => {
        if (failure) throw failure;
        readings.push(generations?.next.get(1)?.generation);
      },
      log: pino({ level: 'info' }, { write: (line) => lines.push(line) }),
    });
  });
  afterEach(async () => {
    await watcher.close();
    subscriber.disconnect();
    await log.close();
  });

  it('a watcher with a subscriber reads a changed generation before its next interval', async () => {
    watcher.start(subscriber);
    await eventually('the first reading', () => readings.length > 0);
    await eventually('the subscription', async () => {
      const [, subscribers] = (await log.redis.pubsub('NUMSUB', log.keys.generationsChannel)) as [string, number];
      return subscribers === 1;
    });
    const rounds = 8;
    const startedMs = performance.now();
    for (let round = 0; round < rounds; round += 1) {
      const { build } = await store.request(projection, 'test');
      await eventually('the build to be read', () => readings.at(-1) === build.generation);
      await store.cancel(projection);
      await eventually('its end to be read', () => readings.at(-1) === undefined);
    }
    expect(performance.now() - startedMs).to.be.lessThan(rounds * limits.generationsIntervalMs);
  });

  it('a watcher without a subscriber reads a changed generation after its interval', async () => {
    watcher.start();
    const { build } = await store.request(projection, 'test');
    await eventually('the build to be read', () => readings.at(-1) === build.generation);
  });

  it('a watcher that fails says once why, and continues', async () => {
    failure = new Error('the connection to PostgreSQL broke');
    watcher.start();
    await eventually('the line', () => lines.length > 0);
    expect(JSON.parse(lines[0] ?? '')).to.deep.include({ level: 40 });
    expect(lines[0])
      .to.match(/the connection to PostgreSQL broke/)
      .and.not.to.match(/Redis/);
    failure = undefined;
    await eventually('a reading', () => readings.length > 0);
    expect(lines).to.have.length(1);
  });

  it('a closed watcher reads no more', async () => {
    watcher.start(subscriber);
    await eventually('the first reading', () => readings.length > 0);
    await watcher.close();
    const before = readings.length;
    watcher.refresh();
    await store.request(projection, 'test');
    await new Promise((resolve) => setTimeout(resolve, 1.5 * limits.generationsIntervalMs));
    expect(readings).to.have.length(before);
  });
});
