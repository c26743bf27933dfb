import { expect } from 'chai';
import { LogContinuity } from '../../../src/event-log/heads/log-continuity.js';
import { LogHeads } from '../../../src/event-log/heads/log-heads.js';
import { headsChannel } from '../../../src/event-log/heads/notify-heads.js';
import { appender, orderIdIn, place } from '../../support/events.js';
import { createTestLog, eventually, silent, type TestLog } from '../../support/servers.js';

describe('a notification of heads', () => {
  let log: TestLog;
  let continuity: LogContinuity;
  let logHeads: LogHeads;
  before(async () => {
    log = await createTestLog(4);
    continuity = new LogContinuity(log.pool, log.settings, silent);
    logHeads = new LogHeads(log.databaseUrl, continuity, silent);
    await logHeads.start();
  });
  after(async () => {
    await logHeads.close();
    await log.close();
  });

  const notify = (payload: string) =>
    log.owner.query('select pg_notify($1, $2)', [headsChannel(log.settings), payload]);
  /** Waits for the next notification of a partition, of which nothing else makes the head move. */
  const moved = (partition: number) =>
    new Promise<void>((resolve) => {
      const onMoved = (one: number) => {
        if (one !== partition) return;
        logHeads.off('moved', onMoved);
        resolve();
      };
      logHeads.on('moved', onMoved);
    });

  it('that names a head beyond the end of the log does not make the log one that went back', async () => {
    const heard = moved(2);
    await notify('[[2,1000000]]');
    await heard;
    expect(continuity.position(2)).to.equal(0);
    expect(await continuity.read(), 'the log is intact').to.equal(true);
    await continuity.read();
    expect(logHeads.heads.get(2), 'the head as the log has it').to.equal(0);
    const appended = moved(2);
    await place(appender(log, true), orderIdIn(2, 4));
    await appended;
    expect(logHeads.heads.get(2)).to.equal(1);
  });

  it('that is no list of heads is ignored, and the next one is heard', async () => {
    for (const payload of ['', 'null', '17', 'not JSON', '[[1]]', '[["1","2"]]', '[[99,5]]']) await notify(payload);
    const heard = moved(1);
    await notify('[[1,3]]');
    await heard;
    expect(logHeads.listening).to.equal(true);
    expect(logHeads.heads.has(99)).to.equal(false);
  });

  it('wakes the readers although a false one came before it', async () => {
    await notify('[[3,1000000]]');
    await eventually('the false head', () => logHeads.heads.get(3) === 1_000_000);
    const heard = moved(3);
    await notify('[[3,1]]');
    await heard;
  });
});
