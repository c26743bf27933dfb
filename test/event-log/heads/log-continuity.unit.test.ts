import { expect } from 'chai';
import { createPool } from '../../../src/event-log/database.js';
import { LogContinuity } from '../../../src/event-log/heads/log-continuity.js';
import { LogHeads } from '../../../src/event-log/heads/log-heads.js';
import { eventLogLimits as limits } from '../../../src/event-log/limits.js';
import { LogEpochs } from '../../../src/log-epochs.js';
import { silent } from '../../support/servers.js';

describe('readings of the heads that callers ask for', () => {
  const settings = { logId: 'log', partitions: 2, appendAcrossPartitions: true, epochs: new LogEpochs() };

  /** A log whose readings fail at once: nothing listens there. */
  function unreachableLog() {
    const pool = createPool('postgres://nobody@127.0.0.1:1/nothing', 1);
    const continuity = new LogContinuity(pool, settings, silent);
    const readAt: number[] = [];
    continuity.on('reading', () => readAt.push(performance.now()));
    return { continuity, readAt, end: () => pool.end() };
  }

  it('a flood of rejections does not become a flood of readings', async () => {
    const { continuity, readAt, end } = unreachableLog();
    for (let nth = 0; nth < 5; nth += 1) await Promise.all([continuity.confirm(), continuity.confirm()]);
    expect(readAt).to.have.length(5);
    const [first = 0] = readAt;
    // The times are those of the ends: the first one may come late, and the others never early.
    expect((readAt.at(-1) ?? 0) - first).to.be.at.least(2 * limits.freshIntervalMs);
    await end();
  });

  it('a rejection is confirmed by a reading that begins after it, not by one in flight', async () => {
    const { continuity, readAt, end } = unreachableLog();
    const inFlight = continuity.read();
    await continuity.confirm();
    expect(readAt).to.have.length(2);
    // The second confirmation waits for its turn, and a reading begins meanwhile.
    const confirmed = continuity.confirm();
    const between = continuity.read();
    const after = continuity.confirm();
    await Promise.all([inFlight, between, confirmed, after]);
    expect(readAt).to.have.length(4);
    await end();
  });

  it('heads that are asked for are as they were at that moment or later', async () => {
    const { continuity, readAt, end } = unreachableLog();
    const logHeads = new LogHeads('postgres://nobody@127.0.0.1:1/nothing', continuity, silent);
    const inFlight = continuity.read();
    await logHeads.readHeads();
    expect(readAt, 'the one in flight, and one after the call').to.have.length(2);
    await inFlight;
    await end();
  });
});
