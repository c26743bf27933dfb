import { expect } from 'chai';
import type { Append, Appender } from '../../../src/event-log/append/append.js';
import { createAppender } from '../../../src/event-log/append/group-commit.js';
import { settleOutcomes } from '../../../src/event-log/append/settle-outcomes.js';
import { DatabaseUnavailable } from '../../../src/event-log/connection/database-unavailable.js';
import { createPool, type Pool } from '../../../src/event-log/database.js';
import type { HeadMoved } from '../../../src/event-log/heads/head-moved.js';
import { ClockBehind, LogWentBack } from '../../../src/event-log/log-went-back.js';
import { createStreamReader, type ReadStream } from '../../../src/event-log/read/read-stream.js';
import { problemOf } from '../../../src/http/contract/problems.js';
import { noteEvent, orderIdIn, placedEvent } from '../../support/events.js';
import { createTestLog, type TestLog } from '../../support/servers.js';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.js';

describe('an append whose connection breaks', () => {
  let log: TestLog;
  let proxy: TcpProxy;
  let pool: Pool;
  let appender: Appender;
  let moved: HeadMoved[];
  before(async () => {
    log = await createTestLog(4);
  });
  after(() => log.close());
  beforeEach(async () => {
    proxy = await startTcpProxy(log.databaseUrl);
    pool = createPool(proxy.url, 4);
    moved = [];
    appender = createSettling();
  });
  afterEach(async () => {
    await pool.end();
    await proxy.close();
  });

  it('after the commit is found in the log, with its position, and not appended again', async () => {
    const append = newOrder(0);
    const lost = proxy.breakAt('append-to-one', 'answered');
    const result = await appender.append(append);
    await lost;
    const [event, ...more] = await stored(append.orderId);
    expect(more).to.deep.equal([]);
    expect(result).to.deep.equal({
      appended: true,
      version: 1,
      partition: 0,
      position: event?.position,
      recordedAt: event?.recordedAt,
    });
    const { partition, position, hash } = event ?? {};
    expect(moved, 'readers are notified').to.deep.equal([{ partition, position, hash }]);
  });

  it('before PostgreSQL got it is sent again', async () => {
    const append = newOrder(1);
    const lost = proxy.breakAt('append-to-one', 'before');
    expect((await appender.append(append)).appended).to.equal(true);
    await lost;
    expect(await stored(append.orderId)).to.have.length(1);
  });

  it('is not sent again once its person has been forgotten', async () => {
    const append = newOrder(1);
    const asked: Append[] = [];
    const settling = settleOutcomes(createAppender(pool, log.settings), createStreamReader(pool, 4), () => undefined, {
      isObsolete: async (one) => {
        asked.push(one);
        return true;
      },
    });
    const lost = proxy.breakAt('append-to-one', 'before');
    const failure = await settling.append(append).catch((error: unknown) => error);
    await lost;
    expect(failure).to.be.instanceOf(DatabaseUnavailable).and.to.include({ mayHaveBeenDone: true });
    expect(asked).to.deep.equal([append]);
    expect(await stored(append.orderId)).to.have.length(0);
  });

  it('again and again is settled all the same', async () => {
    const append = newOrder(1);
    const lost = [proxy.breakAt('append-to-one', 'before'), proxy.breakAt('append_events', 'answered')];
    expect((await appender.append(append)).appended).to.equal(true);
    await Promise.all(lost);
    expect(await stored(append.orderId)).to.have.length(1);
  });

  it('with others of several partitions is settled one by one', async () => {
    const appends = [0, 1, 2, 3].map(newOrder);
    const lost = proxy.breakAt('append-all', 'answered');
    const results = await appender.appendAll(appends);
    await lost;
    expect(results.map((result) => 'appended' in result && result.appended)).to.deep.equal([true, true, true, true]);
    for (const { orderId } of appends) expect(await stored(orderId)).to.have.length(1);
  });

  it('is refused if another command took its version, also one of the same kind', async () => {
    const { orderId } = newOrder(2);
    const other = { ...placedEvent(), metadata: JSON.stringify({ schema: 1, actor: 'test', request_id: 'other' }) };
    const lost = proxy
      .breakAt('append-to-one', 'before')
      .then(() => createAppender(log.pool, log.settings).append({ orderId, expectedVersion: 0, events: [other] }));
    const result = await appender.append({ orderId, expectedVersion: 0, events: [placedEvent()] });
    expect((await lost).appended).to.equal(true);
    expect(result).to.deep.equal({ appended: false, version: 1 });
  });

  it('is found although others have extended the stream since', async () => {
    const append = newOrder(2);
    const lost = proxy.breakAt('append-to-one', 'answered').then(() =>
      createAppender(log.pool, log.settings).append({
        orderId: append.orderId,
        expectedVersion: 1,
        events: [noteEvent('later')],
      }),
    );
    const result = await appender.append(append);
    expect((await lost).appended).to.equal(true);
    expect(result.appended && result.version).to.equal(1);
  });

  it('is reported as one that may have been done if PostgreSQL stays away', async () => {
    const append = newOrder(3);
    const lost = proxy.breakAt('append-to-one', 'answered').then(() => proxy.refuse());
    const error = await createSettling(1_000)
      .append(append)
      .catch((failed: unknown) => failed);
    await lost;
    expect(error).to.be.instanceOf(DatabaseUnavailable);
    expect((error as DatabaseUnavailable).mayHaveBeenDone).to.equal(true);
    expect(await stored(append.orderId)).to.have.length(1);
    proxy.accept();
    const nothingSent = await unavailable(appender.append(newOrder(3)).then(() => appender.append(append)));
    expect(nothingSent, 'it is there').to.equal(undefined);
  });

  it('in which PostgreSQL preferred another transaction is sent again', async () => {
    await log.owner.query(`
      create sequence attempts;
      create function fail_first() returns trigger language plpgsql security definer as $$
      begin
        if nextval('attempts') = 1 then raise exception 'rolled back' using errcode = 'serialization_failure'; end if;
        return null;
      end $$;
      create trigger fail_first after insert on events for each statement execute function fail_first();`);
    const append = newOrder(3);
    expect((await appender.append(append)).appended).to.equal(true);
    expect(await stored(append.orderId)).to.have.length(1);
    await log.owner.query('drop trigger fail_first on events');
  });

  it('that never reached PostgreSQL is reported at once as not done', async () => {
    proxy.refuse();
    const error = await unavailable(appender.append(newOrder(3)));
    expect(error?.mayHaveBeenDone).to.equal(false);
  });

  const noStream: ReadStream = async () => ({ events: [], hashBefore: undefined, isLast: true });

  /** An appender whose attempts fail one after the other, with one reading of an empty stream. */
  const failing = (...attempts: (() => unknown)[]): Appender => ({
    append: async () => {
      throw attempts.shift()?.();
    },
    appendAll: async () => [],
  });
  const settled = (attempts: (() => unknown)[], timeoutMs: number): Promise<unknown> =>
    settleOutcomes(failing(...attempts), noStream, () => undefined, { timeoutMs })
      .append(newOrder(3))
      .catch((error: unknown) => error);
  const rolledBack = () => new DatabaseUnavailable('PostgreSQL rolled back', false, { code: '40001' });
  const broken = () => new DatabaseUnavailable('the connection broke', true, new Error('ECONNRESET'));
  const unreachable = () => new DatabaseUnavailable('PostgreSQL cannot be reached', false, new Error('ECONNREFUSED'));

  it('in any of its attempts is reported as one that may have been done', async () => {
    const attempts = [rolledBack, broken, ...Array.from({ length: 20 }, () => unreachable)];
    const error = await settled(attempts, 400);
    expect(error).to.be.instanceOf(DatabaseUnavailable);
    expect((error as DatabaseUnavailable).mayHaveBeenDone).to.equal(true);
  });

  it('never is reported as not done, if every attempt did nothing', async () => {
    const error = await settled([rolledBack, ...Array.from({ length: 20 }, () => unreachable)], 300);
    expect((error as DatabaseUnavailable).mayHaveBeenDone).to.equal(false);
  });

  it('in an attempt that does not end in time is reported as one that may have been done', async () => {
    let attempts = 0;
    const appender: Appender = {
      append: () => {
        attempts += 1;
        return attempts === 1 ? Promise.reject(rolledBack()) : new Promise(() => undefined);
      },
      appendAll: async () => [],
    };
    const error = await settleOutcomes(appender, noStream, () => undefined, { timeoutMs: 200 })
      .append(newOrder(3))
      .catch((failed: unknown) => failed);
    expect((error as DatabaseUnavailable).mayHaveBeenDone).to.equal(true);
  });

  it('and that is then refused, because the log went back, says at once that it may have been done', async () => {
    for (const Refusal of [LogWentBack, ClockBehind]) {
      const refusal = () => new Refusal('refused');
      const error = await settled([broken, refusal], 60_000);
      expect(error).to.be.instanceOf(Refusal);
      expect(problemOf(error)).to.deep.include({ may_have_been_done: true });
      expect(problemOf(await settled([refusal], 60_000))).to.deep.include({ may_have_been_done: false });
      expect(problemOf(error, true)).not.to.have.property('may_have_been_done');
    }
  });

  const createSettling = (timeoutMs?: number): Appender =>
    settleOutcomes(
      createAppender(pool, log.settings),
      createStreamReader(pool, 4),
      (head) => void moved.push(head),
      timeoutMs === undefined ? {} : { timeoutMs },
    );

  const newOrder = (partition: number): Append => ({
    orderId: orderIdIn(partition, 4),
    expectedVersion: 0,
    events: [placedEvent()],
  });

  const stored = async (orderId: string) => (await createStreamReader(log.pool, 4)(orderId)).events;

  async function unavailable(appending: Promise<unknown>): Promise<DatabaseUnavailable | undefined> {
    const error = await appending.then(
      () => undefined,
      (failed: unknown) => failed,
    );
    if (error === undefined || error instanceof DatabaseUnavailable) return error;
    throw error;
  }
});
