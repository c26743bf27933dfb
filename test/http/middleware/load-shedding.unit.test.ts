import { expect } from 'chai';
import { httpLimits as limits } from '../../../src/http/limits.js';
import { type Clock, LoadShedder } from '../../../src/http/middleware/load-shedding.js';

/** A process in which time passes only while tasks run. */
class FakeProcess implements Clock {
  nowMs = 0;
  #tasks: { readonly atMs: number; readonly task: () => void }[] = [];

  now(): number {
    return this.nowMs;
  }

  later(task: () => void, ms: number): void {
    this.#tasks.push({ atMs: this.nowMs + ms, task });
  }

  /** Runs the next task. Returns false if there is none. */
  next(): boolean {
    this.#tasks.sort((a, b) => a.atMs - b.atMs);
    const next = this.#tasks.shift();
    if (!next) return false;
    this.nowMs = Math.max(this.nowMs, next.atMs);
    next.task();
    return true;
  }
}

describe('Load shedding', () => {
  const sheddingMs = 0.02;

  /** A process with this many requests to shed, and the number that it has shed. */
  function shedding(requests: number) {
    const process = new FakeProcess();
    const shedder = new LoadShedder(process);
    let count = 0;
    const shed = () => {
      count += 1;
      process.nowMs += sheddingMs;
    };
    for (let nth = 0; nth < requests; nth += 1) shedder.add(shed);
    return { process, shedder, shed, count: () => count };
  }

  it('load shedding responds to every shed request and leaves most of the time to accepted ones', () => {
    const { process, count } = shedding(4_000);
    while (process.next()) {
      expect(count() * sheddingMs, `by ${process.nowMs} ms`).to.be.at.most(
        process.nowMs / 2 + limits.minSheddingBurstMs,
      );
    }
    expect(count()).to.equal(4_000);
    const share = (4_000 * sheddingMs) / process.nowMs;
    expect(share).to.be.closeTo(1 / (1 + limits.sheddingPauseFactor), 0.05);
  });

  it('load shedding gets its share of time even if other work delays its bursts', () => {
    const { process, count } = shedding(4_000);
    while (process.next()) process.nowMs += 12;
    const share = (count() * sheddingMs) / process.nowMs;
    expect(count()).to.equal(4_000);
    expect(share).to.be.within(0.15, 0.3);
  });

  it('load shedding responds at once to the first request after a pause and to requests beyond its queue', () => {
    const { process, shedder, shed, count } = shedding(1);
    process.next();
    expect([count(), process.nowMs]).to.deep.equal([1, sheddingMs]);
    for (let nth = 0; nth < limits.maxQueuedSheddings; nth += 1) shedder.add(shed);
    expect(count()).to.equal(1);
    shedder.add(shed);
    expect(count()).to.equal(2);
    while (process.next());
    expect(count()).to.equal(limits.maxQueuedSheddings + 2);
  });

  it('load shedding earns no more than one burst by a long pause', () => {
    const { process, shedder, shed, count } = shedding(0);
    process.nowMs = 600_000;
    for (let nth = 0; nth < 4_000; nth += 1) shedder.add(shed);
    process.next();
    expect(count() * sheddingMs).to.be.closeTo(limits.maxSheddingBurstMs, 2 * sheddingMs);
  });
});
