import { httpLimits as limits } from '../limits.js';

/** The time and the timers of the process, or a test's. */
export interface Clock {
  /** Milliseconds, by a clock that never goes back. */
  now(): number;
  later(task: () => void, ms: number): void;
}

const processClock: Clock = {
  now: () => performance.now(),
  later: (task, ms) => (ms > 0 ? void setTimeout(task, ms) : void setImmediate(task)),
};

/**
 * Answers refusals in bursts that take no more than a share of the process's time; the rest is for what was accepted. A refusal
 * costs a quarter of an order: far beyond capacity they alone would take all the time there is, and hardly an order would get
 * through. A caller who is not answered yet sends nothing more on that connection: so waiting refusals hold back those to come.
 */
export class LoadShedder {
  readonly #clock: Clock;
  #waiting: (() => void)[] = [];
  #endedAtMs: number;
  #isDue = false;

  constructor(clock: Clock = processClock) {
    this.#clock = clock;
    this.#endedAtMs = clock.now();
  }

  /** @param refuse answers one request. Called soon; at once where as many wait as may. */
  add(refuse: () => void): void {
    if (this.#waiting.length >= limits.maxQueuedSheddings) {
      refuse();
      return;
    }
    this.#waiting.push(refuse);
    if (this.#isDue) return;
    this.#isDue = true;
    this.#clock.later(this.#answerSome, 0);
  }

  readonly #answerSome = (): void => {
    const clock = this.#clock;
    const begunMs = clock.now();
    const restedMs = begunMs - this.#endedAtMs;
    const earnedMs = Math.max(limits.minSheddingBurstMs, restedMs / limits.sheddingPauseFactor);
    const burstMs = Math.min(earnedMs, limits.maxSheddingBurstMs);
    let answered = 0;
    let tookMs = 0;
    for (const refuse of this.#waiting) {
      if (tookMs >= burstMs) break;
      refuse();
      answered += 1;
      tookMs = clock.now() - begunMs;
    }
    this.#waiting = this.#waiting.slice(answered);
    this.#endedAtMs = begunMs + tookMs;
    this.#isDue = this.#waiting.length > 0;
    if (this.#isDue) clock.later(this.#answerSome, tookMs * limits.sheddingPauseFactor);
  };
}
