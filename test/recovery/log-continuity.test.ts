import { expect } from 'chai';
import { readLogSettings } from '../../src/event-log/database.js';
import { LogContinuity } from '../../src/event-log/heads/log-continuity.js';
import { startEpoch } from '../../src/event-log/operators/start-epoch.js';
import { appender, orderIdIn, place } from '../support/events.js';
import { backUp, restore } from '../support/restore.js';
import { createTestLog, silent, type TestLog } from '../support/servers.js';

describe('the continuity of the log', () => {
  let log: TestLog;
  beforeEach(async () => {
    log = await createTestLog(2);
  });
  afterEach(() => log.close());
  const read = () => new LogContinuity(log.pool, log.settings, silent);

  it('a log that lost events and grew beyond them again is noticed by its hash', async () => {
    const append = appender(log);
    await place(append, orderIdIn(1, 2));
    const backup = await backUp(log);
    const continuity = read();
    await place(append, orderIdIn(1, 2));
    expect(await continuity.read()).to.equal(true);
    await restore(log, backup);
    for (let nth = 0; nth < 5; nth += 1) await place(append, orderIdIn(1, 2));
    expect(await continuity.read()).to.equal(false);
    expect(continuity.refusal?.message).to.match(/partition 1 has another history up to 2/);
  });

  it('a process that finds the log that it knows again continues', async () => {
    const append = appender(log);
    const backup = await backUp(log);
    await place(append, orderIdIn(1, 2));
    const continuity = read();
    await continuity.read();
    const newer = await backUp(log);
    await restore(log, backup);
    expect(await continuity.read()).to.equal(false);
    expect(() => continuity.assertIntact()).to.throw(/went back/);
    await restore(log, newer);
    expect(await continuity.read()).to.equal(true);
    expect(() => continuity.assertIntact()).not.to.throw();
  });

  it('appends that a reading did not see yet are no loss', async () => {
    const continuity = read();
    const reading = continuity.read();
    continuity.advance({ partition: 1, position: 5 });
    expect(await reading).to.equal(true);
    expect(await continuity.read(), 'a reading that was sent after it').to.equal(false);
  });

  it('a new epoch ends what the process may serve', async () => {
    const continuity = read();
    let epoch = '';
    continuity.on('epoch', (name) => {
      epoch = name;
    });
    expect(await continuity.read()).to.equal(true);
    const started = await startEpoch(log.databaseUrl, { actor: 'test', reason: 'test', lost: null, resetClock: false });
    expect(await continuity.read()).to.equal(false);
    expect(epoch).to.equal(started);
    expect(() => continuity.assertIntact()).to.throw(/starts over/);
  });

  it('a process whose epoch was lost starts over when another epoch starts', async () => {
    const backup = await backUp(log);
    const options = { actor: 'test', reason: 'test', lost: null, resetClock: false };
    await startEpoch(log.databaseUrl, options);
    const continuity = new LogContinuity(log.pool, await readLogSettings(log.pool), silent);
    expect(await continuity.read()).to.equal(true);
    await restore(log, backup);
    expect(await continuity.read()).to.equal(false);
    expect([continuity.refusal?.message, continuity.hasNewEpoch]).to.satisfy(
      ([message, isNew]: [string, boolean]) => /in an epoch before the known one/.test(message) && !isNew,
    );
    await startEpoch(log.databaseUrl, options);
    expect(await continuity.read()).to.equal(false);
    expect(continuity.hasNewEpoch).to.equal(true);
  });
});
