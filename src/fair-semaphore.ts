interface Waiting {
  readonly weight: number;
  readonly start: () => void;
}

/** How long a task may wait, and the error if that is over. */
export interface WaitLimit {
  readonly ms: number;
  readonly tooLong: () => Error;
  /**
   * Registers a function that takes an error and ends the wait with it, for a task that nobody
   * wants any more. Called only if the task has to wait.
   * @returns a function that is called when the task starts.
   */
  readonly onceUnwanted?: (giveUp: (error: Error) => void) => () => void;
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
   * @param limit rejects with its error if the task has not started by then.
   * @returns a function that ends the task; further calls of it do nothing.
   */
  async acquire(key: string, weight = 1, limit?: WaitLimit): Promise<() => void> {
    const counted = Math.min(weight, this.#capacity);
    if (this.#waiting > 0 || this.#used + counted > this.#capacity) {
      await this.#wait(key, counted, limit);
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

  async run<T>(key: string, weight: number, task: () => Promise<T>, limit?: WaitLimit): Promise<T> {
    const release = await this.acquire(key, weight, limit);
    try {
      return await task();
    } finally {
      release();
    }
  }

  #wait(key: string, weight: number, limit: WaitLimit | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      let unregister: () => void = () => undefined;
      let isOver = false;
      const end = () => {
        isOver = true;
        clearTimeout(timer);
        unregister();
      };
      const start = () => {
        end();
        resolve();
      };
      const waiting = { weight, start };
      const giveUp = (error: Error) => {
        if (isOver) return;
        end();
        this.#giveUp(key, waiting);
        reject(error);
      };
      const queue = this.#queues.get(key) ?? [];
      queue.push(waiting);
      this.#queues.set(key, queue);
      this.#waiting += 1;
      if (!limit) return;
      timer = setTimeout(() => giveUp(limit.tooLong()), limit.ms);
      unregister = limit.onceUnwanted?.(giveUp) ?? unregister;
    });
  }

  #giveUp(key: string, waiting: Waiting): void {
    const rest = (this.#queues.get(key) ?? []).filter((one) => one !== waiting);
    if (rest.length > 0) this.#queues.set(key, rest);
    else this.#queues.delete(key);
    this.#waiting -= 1;
    // It may have been in the way of a lighter one.
    this.#startNext();
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
