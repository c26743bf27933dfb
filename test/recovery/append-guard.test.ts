import { expect } from 'chai';
import { pino } from 'pino';
import type { Appender, KnownLog } from '../../src/event-log/append/append.js';
import { createAppender } from '../../src/event-log/append/group-commit.js';
import { LogContinuity } from '../../src/event-log/heads/log-continuity.js';
import { ClockBehind, LogWentBack } from '../../src/event-log/log-went-back.js';
import { startEpoch } from '../../src/event-log/operators/start-epoch.js';
import { firstEpoch } from '../../src/log-epochs.js';
import { wireCommandHandlers } from '../../src/service/wire-commands.js';
import { appender, orderIdIn, place, placedEvent } from '../support/events.js';
import { createTestLog, type TestLog } from '../support/servers.js';

const noKnowledge: KnownLog = { epoch: firstEpoch, position: () => 0, maxClockBehindMs: 60_000 };

describe('an append to a log that is not the known one', () => {
  let log: TestLog;
  beforeEach(async () => {
    log = await createTestLog(4);
  });
  afterEach(() => log.close());

  const newOrder = (partition: number, expectedVersion = 0) => ({
    orderId: orderIdIn(partition, 4),
    expectedVersion,
    events: [placedEvent()],
  });
  const knowing = (known: Partial<KnownLog>): Appender =>
    createAppender(log.pool, log.settings, {}, { ...noKnowledge, ...known });
  /** Appends by each of the functions: to one partition, to several, and after a rejection. */
  async function failures({ append, appendAll }: Appender): Promise<unknown[]> {
    const one = await append(newOrder(1)).catch((error: unknown) => error);
    const several = await appendAll([newOrder(1), newOrder(2)]);
    const afterRejection = await appendAll([newOrder(0, 7), newOrder(3)]);
    return [one, ...[...several, ...afterRejection].map((result) => ('failed' in result ? result.failed : result))];
  }
  const countEvents = async () => (await log.owner.query('select count(*)::integer as n from events')).rows[0].n;

  it('is refused by every append function if a partition ends before a known position', async () => {
    const append = appender(log);
    for (const partition of [0, 1, 2, 3]) await place(append, orderIdIn(partition, 4));
    for (const error of await failures(knowing({ position: () => 2 }))) {
      expect(error).to.be.instanceOf(LogWentBack);
      expect(String(error)).to.match(/partition \d ends at 1, before the known event 2.*orders recover/);
    }
    expect(await countEvents()).to.equal(4);
    expect(await knowing({ position: () => 1 }).append(newOrder(1))).to.include({ appended: true, position: 2 });
  });

  it('is refused by every append function in another epoch, also if the process knows no epochs', async () => {
    const epoch = await startEpoch(log.databaseUrl, { actor: 'test', reason: 'test', lost: null, resetClock: false });
    const events = await countEvents();
    for (const error of await failures(knowing({}))) {
      expect(error).to.be.instanceOf(LogWentBack);
      expect(String(error)).to.include(`the log is in epoch ${epoch}, this process in epoch 1`);
    }
    const ofReleaseBefore = log.pool.query(
      `select * from append_events(1::smallint, array[$1]::uuid[], array[0], array[1], array['OrderPlaced'],
         array['{}'], array['{}'], array[now()])`,
      [orderIdIn(1, 4)],
    );
    expect(String(await ofReleaseBefore.catch((error: Error) => error))).to.match(/this process in epoch 1/);
    expect(await countEvents()).to.equal(events);
    expect(await knowing({ epoch }).append(newOrder(1))).to.include({ appended: true });
  });

  it('is refused by every append function while the clock is further behind the last event than allowed', async () => {
    await log.owner.query(`update partition_heads set recorded_at = now() + interval '30 s'`);
    for (const error of await failures(knowing({ maxClockBehindMs: 10_000 }))) {
      expect(error).to.be.instanceOf(ClockBehind);
      expect(String(error)).to.match(/the clock of the database is 00:00:\d\d behind the last event of partition \d/);
    }
    expect(await countEvents()).to.equal(0);
    expect(await knowing({ maxClockBehindMs: 60_000 }).append(newOrder(1))).to.include({ appended: true });
  });

  it('rejects no command: a missing order may be one that it has lost', async () => {
    await place(appender(log), orderIdIn(1, 4));
    const silent = pino({ level: 'silent' });
    const continuity = new LogContinuity(log.pool, log.settings, silent);
    await continuity.read();
    const { handleCommand } = wireCommandHandlers({ ...log, personKeys: undefined }, silent, { continuity });
    const pay = { orderId: orderIdIn(2, 4), actor: 'test', command: { command: 'pay' as const } };
    expect(await handleCommand(pay)).to.deep.include({ outcome: 'rejected' });
    continuity.advance({ partition: 1, position: 2 });
    expect(await handleCommand(pay).catch((error: unknown) => error)).to.be.instanceOf(LogWentBack);
  });
});
