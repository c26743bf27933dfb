import { expect } from 'chai';
import { orderStatusProjection as projection } from '../../../src/projections/order-status.js';
import { startScratchGeneration } from '../../../src/projector/dry-run/scratch-generation.js';
import { removeGeneration } from '../../../src/projector/generations/remove-generation.js';
import { appender, orderIdIn, place } from '../../support/events.js';
import { createTestLog, silent, type TestLog } from '../../support/servers.js';

describe('a generation that is built for a dry run', () => {
  let log: TestLog;
  beforeEach(async () => {
    log = await createTestLog(2);
  });
  afterEach(() => log.close());

  it('says that it was removed because its lease ended, to a replay and to a reader', async () => {
    const { pool, redis, keys, settings } = log;
    const open = async () => [];
    const scratch = await startScratchGeneration({ pool, redis, keys, settings, open, log: silent }, projection);
    try {
      await place(appender(log, true), orderIdIn(1, 2));
      await scratch.checkKept();
      await removeGeneration(redis, keys, settings.partitions, scratch.id, () => false);
      for (const attempt of [() => scratch.replayTo(new Map([[1, 1]])), () => scratch.checkKept()]) {
        const error = await attempt().catch((one: unknown) => one);
        expect(String(error)).to.match(/no read model of the replay of order-status any more: its lease ended/);
      }
    } finally {
      await scratch.discard();
    }
  });

  it('says so too when nothing in Redis shows any more that it was removed', async () => {
    const { pool, redis, keys, settings } = log;
    const open = async () => [];
    const scratch = await startScratchGeneration({ pool, redis, keys, settings, open, log: silent }, projection);
    try {
      await place(appender(log, true), orderIdIn(1, 2));
      await scratch.replayTo(new Map([[1, 1]]));
      await scratch.checkKept();
      for (const partition of [0, 1]) await redis.del(keys.checkpoint(scratch.id, partition));
      for (const attempt of [() => scratch.replayTo(new Map([[1, 1]])), () => scratch.checkKept()]) {
        const error = await attempt().catch((one: unknown) => one);
        expect(String(error)).to.match(/no read model of the replay of order-status any more: its lease ended/);
      }
    } finally {
      await scratch.discard();
    }
  });
});
