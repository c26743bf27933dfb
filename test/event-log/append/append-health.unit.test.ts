import { expect } from 'chai';
import pg from 'pg';
import { AppendHealth } from '../../../src/event-log/append/append-health.js';
import { ClockBehind, LogWentBack } from '../../../src/event-log/log-went-back.js';

describe('the health of appends', () => {
  let nowMs: number;
  let tries: number;
  let tried: (number | undefined)[];
  let next: Error | undefined;
  let health: AppendHealth;
  beforeEach(() => {
    [nowMs, tries, tried, next] = [10_000, 0, [], undefined];
    health = new AppendHealth(
      async (partition) => {
        tries += 1;
        tried.push(partition);
        if (next) throw next;
      },
      { now: () => nowMs },
    );
  });
  const failure = (code: string) => Object.assign(new pg.DatabaseError('failed', 0, 'error'), { code });

  it('is good before the first append and after each commit, without a try', async () => {
    expect(await health.check()).to.equal(undefined);
    next = failure('53100');
    health.noteCall([1], next);
    health.noteCall([1]);
    expect([await health.check(), tries]).to.deep.equal([undefined, 0]);
  });

  it('is bad after a failure, until a try succeeds; tries are a second apart', async () => {
    next = failure('53100');
    health.noteCall([1], next);
    const full = { isBusy: false, reason: 'the disk of PostgreSQL is full' };
    for (let nth = 0; nth < 5; nth += 1) expect(await health.check()).to.deep.equal(full);
    expect(tries).to.equal(1);
    next = undefined;
    expect(await health.check()).to.deep.equal(full);
    nowMs += 1_000;
    expect(await health.check()).to.equal(undefined);
    expect(await health.check()).to.equal(undefined);
    expect(tries).to.equal(2);
  });

  it('is that of a busy log if another session holds a lock', async () => {
    for (const code of ['55P03', '57014', '40001']) {
      next = failure(code);
      health.noteCall([1], next);
      expect((await health.check())?.isBusy, code).to.equal(true);
    }
  });

  it('is that of a busy log while one partition is, whatever commits in others', async () => {
    next = failure('55P03');
    health.noteCall([1, 2], next);
    health.noteCall([2]);
    health.noteCall([0]);
    expect((await health.check())?.isBusy).to.equal(true);
    expect(tried).to.deep.equal([1]);
    next = undefined;
    nowMs += 1_000;
    expect([await health.check(), tried]).to.deep.equal([undefined, [1, 1]]);
  });

  it('is bad in all partitions after a failure of the server, until a commit in any of them', async () => {
    next = failure('53100');
    health.noteCall([1], next);
    expect((await health.check())?.isBusy).to.equal(false);
    health.noteCall([2]);
    expect([await health.check(), tried]).to.deep.equal([undefined, [undefined]]);
  });

  it('has one try in flight at a time', async () => {
    const { health, tries } = healthWithSlowTries();
    health.noteCall([1], failure('53100'));
    const first = health.check();
    nowMs += 5_000;
    const second = health.check();
    expect(tries).to.have.length(1);
    tries[0]?.();
    expect(await Promise.all([first, second])).to.deep.equal([undefined, undefined]);
  });

  it('is not made bad by a try that began before the last call', async () => {
    const { health, tries } = healthWithSlowTries();
    health.noteCall([1], failure('53100'));
    const checked = health.check();
    health.noteCall([2]);
    tries[0]?.(failure('08006'));
    expect(await checked).to.equal(undefined);
  });

  it('stays bad if a call fails while a try is in flight that succeeds', async () => {
    const { health, tries } = healthWithSlowTries();
    health.noteCall([1], failure('55P03'));
    const checked = health.check();
    health.noteCall([1], failure('55P03'));
    tries[0]?.();
    expect((await checked)?.isBusy).to.equal(true);
  });

  /** The health, and what ends its tries in flight, with or without an error. */
  function healthWithSlowTries() {
    const tries: ((error?: Error) => void)[] = [];
    const slow = () =>
      new Promise<void>((resolve, reject) => {
        tries.push((error) => (error ? reject(error) : resolve()));
      });
    return { health: new AppendHealth(slow, { now: () => nowMs }), tries };
  }

  it('is that of the partitions concerned if the tables are distributed over servers', async () => {
    const distributed = new AppendHealth(
      async (partition) => {
        tried.push(partition);
        if (next) throw next;
      },
      { now: () => nowMs, isDistributed: true },
    );
    next = failure('08006');
    distributed.noteCall([1], next);
    distributed.noteCall([2]);
    const trouble = await distributed.check();
    expect([trouble?.isPartial, trouble?.isBusy, tried]).to.deep.equal([true, false, [1]]);
    next = undefined;
    nowMs += 1_000;
    expect(await distributed.check()).to.equal(undefined);
  });

  it('says why, without internals', async () => {
    for (const [error, reason] of [
      [new ClockBehind('The append was refused: …'), 'the clock of the database is too far behind'],
      [failure('42501'), 'an unexpected error occurred'],
      [failure('25006'), 'PostgreSQL is read-only: it is a standby, or was set to read-only'],
    ] as const) {
      nowMs += 1_000;
      next = error;
      health.noteCall([1], error);
      expect(await health.check()).to.deep.equal({ isBusy: false, reason });
    }
  });

  it('is not affected by errors of single events, or of a log that went back', async () => {
    for (const rejected of ['22P02', '23514']) health.noteCall([1], failure(rejected));
    health.noteCall([1], new LogWentBack('went back'));
    expect([await health.check(), tries]).to.deep.equal([undefined, 0]);
  });
});
