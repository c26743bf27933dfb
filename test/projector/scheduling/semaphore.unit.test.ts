import { expect } from 'chai';
import { Semaphore } from '../../../src/projector/scheduling/semaphore.js';
import { eventually } from '../../support/servers.js';

describe('a semaphore', () => {
  /** Tasks that run until they are let go. */
  function tasks(semaphore: Semaphore, count: number) {
    const running: (() => void)[] = [];
    const done = Array.from({ length: count }, () =>
      semaphore.run(() => new Promise<void>((end) => running.push(end))),
    );
    return { running, done };
  }

  it('lets so many tasks run at once, and the next as soon as one is over, however it ends', async () => {
    const semaphore = new Semaphore(2);
    const { running, done } = tasks(semaphore, 3);
    await eventually('two to run', () => running.length === 2);
    running[0]?.();
    await done[0];
    await eventually('the third to run', () => running.length === 3);
    for (const end of running) end();
    await Promise.all(done);
    const failed = Array.from({ length: 5 }, () => semaphore.run(() => Promise.reject(new Error('failed'))));
    expect((await Promise.allSettled(failed)).every(({ status }) => status === 'rejected')).to.equal(true);
    expect(await semaphore.run(async () => 'after')).to.equal('after');
  });

  it('keeps the place of a task empty for as long as it is told to, and its caller waiting for nothing', async () => {
    const took: number[] = [];
    const semaphore = new Semaphore(1, (tookMs) => {
      took.push(tookMs);
      // So long that it is not over before the test is, and the second time not at all.
      return took.length === 1 ? 1_000_000 : 0;
    });
    expect(await semaphore.run(async () => 'first')).to.equal('first');
    let second = false;
    void semaphore.run(async () => {
      second = true;
    });
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(second).to.equal(false);
    expect(took).to.have.length(1);
  });
});
