import { Socket } from 'node:net';
import { expect } from 'chai';
import type pg from 'pg';
import { createPipelinedConnection, type SendStatement } from '../../../src/event-log/append/pipelined-connection.js';
import { createPool, type Pool } from '../../../src/event-log/database.js';
import { createTestLog, eventually, type TestLog } from '../../support/servers.js';

const longMs = 60_000;
/** A statement that waits for as long as the test holds the lock. */
const held = { text: 'select pg_advisory_xact_lock(7), pg_backend_pid() as pid' };
const quick = { text: 'select pg_backend_pid() as pid' };

describe('a pipelined connection', () => {
  let log: TestLog;
  let pool: Pool;
  let sockets: Socket[];
  before(async () => {
    log = await createTestLog(1);
  });
  after(() => log.close());

  beforeEach(async () => {
    pool = createPool(log.databaseUrl, 4);
    sockets = [];
    pool.options.stream = () => {
      const socket = new Socket();
      sockets.push(socket);
      return socket;
    };
    await log.owner.query('select pg_advisory_lock(7)');
  });
  afterEach(async () => {
    await log.owner.query('select pg_advisory_unlock_all()');
    await pool.end();
  });

  it('statements are sent before the responses to earlier ones, and end in their order', async () => {
    const send = createPipelinedConnection(pool, longMs);
    const answered: string[] = [];
    const first = send(held).then(pidOf('first', answered));
    const sentBefore = await waits();
    const second = send(quick).then(pidOf('second', answered));
    await eventually('the second to have been sent', () => sent() > sentBefore);
    expect(answered).to.deep.equal([]);
    await log.owner.query('select pg_advisory_unlock(7)');
    expect(await first).to.equal(await second);
    expect(answered).to.deep.equal(['first', 'second']);
    expect(pool.totalCount).to.equal(1);
  });

  it('a connection without statements in flight is returned to the pool', async () => {
    const send = createPipelinedConnection(pool, longMs);
    await Promise.all([send(quick), send(quick), send(quick)]);
    expect([pool.totalCount, pool.idleCount]).to.deep.equal([1, 1]);
    await send(quick);
    expect([pool.totalCount, pool.idleCount]).to.deep.equal([1, 1]);
  });

  it('a statement behind a slow one uses another connection', async () => {
    const send = createPipelinedConnection(pool, 0);
    const first = send(held);
    await waits();
    const pid = await send(quick).then(pidOf());
    await log.owner.query('select pg_advisory_unlock(7)');
    expect(await first.then(pidOf())).not.to.equal(pid);
    expect([pool.totalCount, pool.idleCount]).to.deep.equal([2, 2]);
  });

  it('a failed statement fails alone, and its connection is not used again', async () => {
    const send = createPipelinedConnection(pool, longMs);
    const results = await Promise.allSettled([send(quick), send({ text: 'select 1 / 0' }), send(quick)]);
    expect(results.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected', 'fulfilled']);
    const pids = results.map((result) => result.status === 'fulfilled' && pidOf()(result.value));
    expect(pids[2]).to.equal(pids[0]);
    expect(await send(quick).then(pidOf())).not.to.equal(pids[0]);
    expect(pool.totalCount).to.equal(1);
  });

  it('all statements on a broken connection fail, and the next one uses another connection', async () => {
    const send = createPipelinedConnection(pool, longMs);
    const inFlight = Promise.allSettled([send(held), send(quick), send(quick)]);
    await waits();
    await log.owner.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'advisory' and datname = current_database()",
    );
    expect((await inFlight).map(({ status }) => status)).to.deep.equal(['rejected', 'rejected', 'rejected']);
    await send(quick);
    expect([pool.totalCount, pool.idleCount]).to.deep.equal([1, 1]);
  });

  it('statements fail while no connection can be opened, and succeed after that', async () => {
    let refuse = true;
    const flaky = Object.create(pool, {
      connect: { value: () => (refuse ? Promise.reject(new Error('refused')) : pool.connect()) },
    });
    const send: SendStatement = createPipelinedConnection(flaky, longMs);
    const results = await Promise.allSettled([send(quick), send(quick)]);
    expect(results.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
    refuse = false;
    await send(quick);
  });

  /** Resolves when a statement waits for the lock, with the number of bytes sent by then. */
  async function waits(): Promise<number> {
    await eventually('a statement to wait for the lock', async () => {
      const { rows } = await log.owner.query(
        "select 1 from pg_stat_activity where wait_event = 'advisory' and datname = current_database()",
      );
      return rows.length === 1;
    });
    return sent();
  }

  function sent(): number {
    return sockets.reduce((sum, { bytesWritten }) => sum + bytesWritten, 0);
  }

  function pidOf(name?: string, answered?: string[]): (result: pg.QueryResult) => number {
    return ({ rows }) => {
      if (name !== undefined) answered?.push(name);
      return rows[0].pid;
    };
  }
});
