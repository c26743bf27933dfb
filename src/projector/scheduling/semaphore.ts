/** Runs a bounded number of tasks at once. The other tasks wait in the order of their arrival. */
export class Semaphore {
  readonly #maxAtOnce: number;
  readonly #pauseMs: (taskMs: number) => number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /**
   * @param pauseMs gives the time for which the slot of a task stays empty after it, from the
   *   task's duration. The caller of the task does not wait for that. By default the slot is free
   *   at once.
   */
  constructor(maxAtOnce: number, pauseMs: (taskMs: number) => number = () => 0) {
    this.#maxAtOnce = maxAtOnce;
    this.#pauseMs = pauseMs;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#running < this.#maxAtOnce) this.#running += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const startedMs = performance.now();
    try {
      return await task();
    } finally {
      const pauseMs = this.#pauseMs(performance.now() - startedMs);
      // A pause does not keep the process alive.
      if (pauseMs > 0) setTimeout(() => this.#freeSlot(), pauseMs).unref();
      else this.#freeSlot();
    }
  }

  /** Hands the slot to the next task, if one waits. */
  #freeSlot(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#running -= 1;
  }
}
