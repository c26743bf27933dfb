import { eventLogLimits as limits } from '../limits.js';

/**
 * Counts append calls in flight. Each call is in one of these states:
 *
 * | state   | entered                             | counts | left                           |
 * | ------- | ----------------------------------- | ------ | ------------------------------ |
 * | fast    | by `start`                          | yes    | it ends, or becomes slow       |
 * | slow    | `appendCallSlowMs` after `start`    | yes    | it ends, or becomes blocked    |
 * | blocked | `appendCallBlockedMs` after `start` | no     | it ends                        |
 *
 * Two timers per call enter the last two states. The end of the call stops them.
 */
export class CallsInFlight {
  readonly #onChange: () => void;
  /** Fast and slow calls. */
  #count = 0;
  #slow = 0;

  /** @param onChange called when a call becomes slow, becomes blocked, or ends. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** The number of fast and slow calls. */
  get count(): number {
    return this.#count;
  }

  get hasFastCall(): boolean {
    return this.#count > this.#slow;
  }

  /** Counts a call. Returns the function that ends it. */
  start(): () => void {
    let counts = true;
    let isSlow = false;
    this.#count += 1;
    const end = () => {
      clearTimeout(slowTimer);
      clearTimeout(blockedTimer);
      if (counts) this.#count -= 1;
      if (counts && isSlow) this.#slow -= 1;
      counts = false;
      this.#onChange();
    };
    const slowTimer = setTimeout(() => {
      isSlow = true;
      this.#slow += 1;
      this.#onChange();
    }, limits.appendCallSlowMs);
    const blockedTimer = setTimeout(end, limits.appendCallBlockedMs);
    return end;
  }
}
