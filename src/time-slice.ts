/**
 * Longest time that one computation keeps the event loop from everything else. It bounds the delay
 * of other requests; yielding more often would cost more than it gains.
 */
const maxSliceMs = 10;

/**
 * The time that a long computation may take before it yields to the event loop. Usage:
 * `if (slice.isOver) await slice.yield();` in each round of a loop.
 */
export class TimeSlice {
  #startMs = performance.now();

  get isOver(): boolean {
    return performance.now() - this.#startMs >= maxSliceMs;
  }

  /** Resolves in a later turn of the event loop, with a new slice. */
  async yield(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#startMs = performance.now();
  }
}
