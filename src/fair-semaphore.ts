interface Waiting {
  readonly weight: number;
  readonly start: () => void;
}

/**
 * Bounds the weight of the tasks that run at once. Waiting tasks start in turns: one of each key,
 * in the order of the tasks of a key. So the holder of one key, such as a caller with a thousand
 * requests, delays the others by one task at a time.
 */
export class FairSemaphore {
  readonly #capacity: number;
  /** By key, the one that is next in turn first. Keys without a waiting task have no entry. */
  readonly #queues = new Map<string, Waiting[]>();
  #used = 0;
  #waiting = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The tasks that wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Waits until the task may start. A task that weighs more than the capacity runs alone.
   * @returns a function that ends the task; further calls of it do nothing.
   */
  async acquire(key: string, weight = 1): Promise<() => void> {
    const counted = Math.min(weight, this.#capacity);
    if (this.#waiting > 0 || this.#used + counted > this.#capacity) {
      await new Promise<void>((resolve) => {
        const queue = this.#queues.get(key) ?? [];
        queue.push({ weight: counted, start: resolve });
        this.#queues.set(key, queue);
        this.#waiting += 1;
      });
    } else {
      this.#used += counted;
    }
    let isRunning = true;
    return () => {
      if (!isRunning) return;
      isRunning = false;
      this.#used -= counted;
      this.#startNext();
    };
  }

  async run<T>(key: string, weight: number, task: () => Promise<T>): Promise<T> {
    const release = await this.acquire(key, weight);
    try {
      return await task();
    } finally {
      release();
    }
  }

  /** Starts waiting tasks in turns, until the next one does not fit. It waits for its room. */
  #startNext(): void {
    for (const [key, queue] of this.#queues) {
      const [next] = queue;
      if (!next || this.#used + next.weight > this.#capacity) return;
      queue.shift();
      this.#queues.delete(key);
      if (queue.length > 0) this.#queues.set(key, queue);
      this.#waiting -= 1;
      this.#used += next.weight;
      next.start();
    }
  }
}
