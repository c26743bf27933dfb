/** Resolves when the caller may compute. Calls resolve in order, one per turn of the event loop. */
export type YieldToEventLoop = () => Promise<void>;

let last: Promise<void> = Promise.resolve();

/**
 * Grants one computation of this thread per turn of its event loop. Between two of them the thread
 * handles everything else that has arrived, such as requests and replies of the servers. So long
 * computations do not add up to one long block, whoever starts them: requests, steps of projectors
 * and replays share the turns.
 */
export const yieldToEventLoop: YieldToEventLoop = () => {
  last = last.then(() => new Promise((resolve) => setImmediate(resolve)));
  return last;
};

/**
 * Longest time that one computation keeps the event loop from everything else. It bounds the delay
 * of other requests; yielding more often would cost more than it gains.
 */
const maxSliceMs = 10;

/** Bytes from which on what was read is worth a turn of its own: a millisecond or more. */
const largeBytes = 64 * 1024;

/** Waits until what was read may be computed on: at once if it is little. */
export async function sliceFor(bytes: number): Promise<TimeSlice> {
  if (bytes >= largeBytes) await yieldToEventLoop();
  return new TimeSlice();
}

/**
 * The time that a long computation may take before it yields to the event loop. Usage:
 * `if (slice.isOver) await slice.yield();` in each round of a loop.
 */
export class TimeSlice {
  #startMs = performance.now();

  get isOver(): boolean {
    return performance.now() - this.#startMs >= maxSliceMs;
  }

  /** Resolves in a turn of the event loop in which no other long computation runs. */
  async yield(): Promise<void> {
    await yieldToEventLoop();
    this.#startMs = performance.now();
  }
}
