import { expect } from 'chai';
import { FairSemaphore } from '../src/fair-semaphore.js';

describe('FairSemaphore', () => {
  const settled = () => new Promise((resolve) => setImmediate(resolve));

  it('callers take turns: one with many waiting tasks delays another by one task', async () => {
    const semaphore = new FairSemaphore(1);
    const started: string[] = [];
    const releases: (() => void)[] = [];
    const start = async (key: string) => {
      const release = await semaphore.acquire(key);
      started.push(key);
      releases.push(release);
    };
    for (let nth = 0; nth < 4; nth += 1) void start('greedy');
    void start('modest');
    await settled();
    expect([started, semaphore.waiting]).to.deep.equal([['greedy'], 4]);
    for (let nth = 0; nth < 5; nth += 1) {
      releases[nth]?.();
      // A second call frees nothing.
      releases[nth]?.();
      await settled();
    }
    expect(started).to.deep.equal(['greedy', 'greedy', 'modest', 'greedy', 'greedy']);
    expect(semaphore.waiting).to.equal(0);
  });

  it('the weight of running tasks is bounded, and a heavy task is not passed over for ever', async () => {
    const semaphore = new FairSemaphore(4);
    let weight = 0;
    let most = 0;
    const order: string[] = [];
    const run = (key: string, own: number) =>
      semaphore.run(key, own, async () => {
        order.push(key);
        weight += Math.min(own, 4);
        most = Math.max(most, weight);
        await settled();
        weight -= Math.min(own, 4);
      });
    await Promise.all([run('a', 3), run('b', 9), run('c', 1), run('c', 1), run('a', 3)]);
    expect(most).to.equal(4);
    expect(order.indexOf('b')).to.be.lessThan(order.indexOf('c'));
    expect(order).to.have.length(5);
  });

  it('a task that fails frees its place', async () => {
    const semaphore = new FairSemaphore(1);
    const failed = await semaphore.run('a', 1, () => Promise.reject(new Error('no'))).catch((error: Error) => error);
    expect(failed).to.be.an('error');
    expect(await semaphore.run('a', 1, async () => 'free')).to.equal('free');
  });

  it('a task that has waited for too long is refused, and is not in the way of others', async () => {
    const semaphore = new FairSemaphore(2);
    const limit = { ms: 10, tooLong: () => new Error('too long') };
    const release = await semaphore.acquire('a');
    const tooHeavy = semaphore.acquire('b', 2, limit).catch((error: Error) => error.message);
    const light = semaphore.acquire('c');
    expect(await tooHeavy).to.equal('too long');
    await light;
    expect(semaphore.waiting).to.equal(0);
    release();
    (await light)();
    await semaphore.acquire('b', 2, limit);
  });
});
