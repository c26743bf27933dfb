import { expect } from 'chai';
import { createPool } from '../../../src/event-log/database.js';
import { LogContinuity } from '../../../src/event-log/heads/log-continuity.js';
import { ProblemError } from '../../../src/http/contract/problems.js';
import { checkNotLost } from '../../../src/http/request/event-positions.js';
import { LogEpochs } from '../../../src/log-epochs.js';
import { silent } from '../../support/servers.js';

describe('the position of an event in an epoch that the process does not know', () => {
  const epochs = new LogEpochs();
  const awaited = { partition: 0, position: 5, epoch: '2-9f3a01bc' };

  it('is lost if the log does not know the epoch either', async () => {
    const continuity = { assertIntact: () => undefined, compare: async () => undefined };
    const error = await checkNotLost(epochs, continuity, awaited).catch((one: unknown) => one);
    expect(error).to.be.instanceOf(ProblemError);
    expect(String(error)).to.match(/lost/);
  });

  it('does not count as lost while the log cannot be read', async () => {
    const pool = createPool('postgres://nobody@127.0.0.1:1/nothing', 1);
    const settings = { logId: 'log', partitions: 2, appendAcrossPartitions: true, epochs };
    const continuity = new LogContinuity(pool, settings, silent);
    const error = await checkNotLost(epochs, continuity, awaited).catch((one: unknown) => one);
    expect(String(error)).to.match(/DatabaseUnavailable: the heads of the log could not be read/);
    await pool.end();
  });
});
