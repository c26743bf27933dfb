import { expect } from 'chai';
import { httpLimits as limits } from '../../../src/http/limits.js';
import { type Clock, LoadShedder } from '../../../src/http/middleware/load-shedding.js';

/** A process in which time passes only by what is done in it. */
class FakeProcess implements Clock {
  nowMs = 0;
  #tasks: { readonly atMs: number; readonly task: () => void }[] = [];

  now(): number {
    return this.nowMs;
  }

  later(task: () => void, ms: number): void {
    this.#tasks.push({ atMs: this.nowMs + ms, task });
  }

  /** Does what is due, one after the other; false where nothing is left to do. */
  next(): boolean {
    this.#tasks.sort((a, b) => a.atMs - b.atMs);
    const next = this.#tasks.shift();
    if (!next) return false;
    this.nowMs = Math.max(this.nowMs, next.atMs);
    next.task();
    return true;
  }
}

describe('refusals', () => {
  const refusalMs = 0.02;

  /** A process that has so many requests to refuse, and how many it has told so. */
  function refusing(requests: number) {
    const process = new FakeProcess();
    const refusals = new LoadShedder(process);
    let answered = 0;
    const refuse = () => {
      answered += 1;
      process.nowMs += refusalMs;
    };
    for (let nth = 0; nth < requests; nth += 1) refusals.add(refuse);
    return { process, refusals, refuse, answered: () => answered };
  }

  it('all get through, and leave most of the time to what was accepted', () => {
    const { process, answered } = refusing(4_000);
    while (process.next()) {
      expect(answered() * refusalMs, `by ${process.nowMs} ms`).to.be.at.most(
        process.nowMs / 2 + limits.minSheddingBurstMs,
      );
    }
    expect(answered()).to.equal(4_000);
    const share = (4_000 * refusalMs) / process.nowMs;
    expect(share).to.be.closeTo(1 / (1 + limits.sheddingPauseFactor), 0.05);
  });

  it('take their share also where the process comes to them late', () => {
    const { process, answered } = refusing(4_000);
    while (process.next()) process.nowMs += 12;
    const share = (answered() * refusalMs) / process.nowMs;
    expect(answered()).to.equal(4_000);
    expect(share).to.be.within(0.15, 0.3);
  });

  it('the first after a quiet time is told at once, and so is whoever comes when too many wait', () => {
    const { process, refusals, refuse, answered } = refusing(1);
    process.next();
    expect([answered(), process.nowMs]).to.deep.equal([1, refusalMs]);
    for (let nth = 0; nth < limits.maxQueuedSheddings; nth += 1) refusals.add(refuse);
    expect(answered()).to.equal(1);
    refusals.add(refuse);
    expect(answered()).to.equal(2);
    while (process.next());
    expect(answered()).to.equal(limits.maxQueuedSheddings + 2);
  });

  it('have not earned more than one burst by a long quiet time', () => {
    const { process, refusals, refuse, answered } = refusing(0);
    process.nowMs = 600_000;
    for (let nth = 0; nth < 4_000; nth += 1) refusals.add(refuse);
    process.next();
    expect(answered() * refusalMs).to.be.closeTo(limits.maxSheddingBurstMs, 2 * refusalMs);
  });
});
