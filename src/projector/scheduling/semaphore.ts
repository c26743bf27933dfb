/** Lets a bounded number of tasks run at once; the others wait in the order they came. */
export class Semaphore {
  readonly #maxAtOnce: number;
  readonly #restMs: (tookMs: number) => number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** @param restMs for how long a place stays empty after a task that took so long; by default it does not. */
  constructor(maxAtOnce: number, restMs: (tookMs: number) => number = () => 0) {
    this.#maxAtOnce = maxAtOnce;
    this.#restMs = restMs;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#running < this.#maxAtOnce) this.#running += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const begunMs = performance.now();
    try {
      return await task();
    } finally {
      const restMs = this.#restMs(performance.now() - begunMs);
      // Nothing but this is no reason for a process to live on.
      if (restMs > 0) setTimeout(() => this.#leave(), restMs).unref();
      else this.#leave();
    }
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#running -= 1;
  }
}
