import { expect } from 'chai';
import pg from 'pg';
import { AppendHealth } from '../../../src/event-log/append/append-health.js';
import { ClockBehind, LogWentBack } from '../../../src/event-log/log-went-back.js';

describe('the health of appends', () => {
  let nowMs: number;
  let tries: number;
  let next: Error | undefined;
  let health: AppendHealth;
  beforeEach(() => {
    [nowMs, tries, next] = [10_000, 0, undefined];
    health = new AppendHealth(
      async () => {
        tries += 1;
        if (next) throw next;
      },
      () => nowMs,
    );
  });
  const failure = (code: string) => Object.assign(new pg.DatabaseError('failed', 0, 'error'), { code });

  it('is good before the first append and after each commit, without a try', async () => {
    expect(await health.check()).to.equal(undefined);
    next = failure('53100');
    health.noteCall(next);
    health.noteCall();
    expect([await health.check(), tries]).to.deep.equal([undefined, 0]);
  });

  it('is bad after a failure, until a try succeeds; tries are a second apart', async () => {
    next = failure('53100');
    health.noteCall(next);
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
      health.noteCall(next);
      expect((await health.check())?.isBusy, code).to.equal(true);
    }
  });

  it('says why, without internals', async () => {
    for (const [error, reason] of [
      [new ClockBehind('The append was refused: …'), 'the clock of the database is too far behind'],
      [failure('42501'), 'an unexpected error occurred'],
      [failure('25006'), 'PostgreSQL is read-only: it is a standby, or was set to read-only'],
    ] as const) {
      nowMs += 1_000;
      next = error;
      health.noteCall(error);
      expect(await health.check()).to.deep.equal({ isBusy: false, reason });
    }
  });

  it('is not affected by errors of single events, or of a log that went back', async () => {
    health.noteCall(failure('22P02'));
    health.noteCall(new LogWentBack('went back'));
    expect([await health.check(), tries]).to.deep.equal([undefined, 0]);
  });
});
