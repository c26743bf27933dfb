import { withTimeout } from '../with-timeout.js';

/**
 * All closings together may take this long: they wait for servers, which may be down. A closing
 * that takes longer is abandoned.
 */
const cleanupTimeoutMs = 10_000;
/** Each closing gets at least this long, even if an earlier one has used up the time. */
const minClosingTimeoutMs = 250;

/**
 * Functions that close what has been opened: each is pushed right after its opening, and they run
 * in the opposite order. A start that fails halfway closes exactly what it had opened. A closing
 * that fails or hangs does not keep the others from running.
 */
export class CleanupStack {
  readonly #closings: (() => unknown)[] = [];
  readonly #timeoutMs: number;

  constructor(timeoutMs: number = cleanupTimeoutMs) {
    this.#timeoutMs = timeoutMs;
  }

  defer(close: () => unknown): void {
    this.#closings.push(close);
  }

  /** Never rejects. @param onError called for each closing that fails or takes too long. */
  async run(onError: (error: unknown) => void = () => undefined): Promise<void> {
    const deadline = performance.now() + this.#timeoutMs;
    for (const close of this.#closings.splice(0).reverse()) {
      const leftMs = Math.max(minClosingTimeoutMs, deadline - performance.now());
      try {
        await withTimeout(leftMs, Promise.resolve(close()));
      } catch (error) {
        onError(error);
      }
    }
  }
}
