import { expect } from 'chai';
import { Semaphore } from '../../../src/projector/scheduling/semaphore.js';
import { eventually } from '../../support/servers.js';

describe('Semaphore', () => {
  /** Starts tasks that run until the test ends them. */
  function tasks(semaphore: Semaphore, count: number) {
    const running: (() => void)[] = [];
    const done = Array.from({ length: count }, () =>
      semaphore.run(() => new Promise<void>((end) => running.push(end))),
    );
    return { running, done };
  }

  it('a semaphore runs no more tasks than its bound, and the next one when a task ends or fails', async () => {
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

  it('a semaphore keeps the slot of a task empty during its pause, and its caller does not wait for that', async () => {
    const durations: number[] = [];
    const semaphore = new Semaphore(1, (taskMs) => {
      durations.push(taskMs);
      // The first pause is longer than the test; the second task has none.
      return durations.length === 1 ? 1_000_000 : 0;
    });
    expect(await semaphore.run(async () => 'first')).to.equal('first');
    let second = false;
    void semaphore.run(async () => {
      second = true;
    });
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(second).to.equal(false);
    expect(durations).to.have.length(1);
  });
});
