import { eventLogLimits as limits } from '../limits.js';

/** Counts calls that are under way, and which of them take longer than a call mostly does. */
export class CallsInFlight {
  readonly #onChange: () => void;
  #count = 0;
  #slow = 0;

  /** @param onChange told whenever one is over, or has become slow. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get count(): number {
    return this.#count;
  }

  /** Also where there is none. */
  get areAllSlow(): boolean {
    return this.#count === this.#slow;
  }

  /** Counts one more, until what it gives is called; one that somebody holds up no longer counts before that. */
  enter(): () => void {
    let inside = true;
    let isSlow = false;
    this.#count += 1;
    const leave = () => {
      clearTimeout(slow);
      clearTimeout(heldUp);
      if (inside) this.#count -= 1;
      if (inside && isSlow) this.#slow -= 1;
      inside = false;
      this.#onChange();
    };
    const slow = setTimeout(() => {
      isSlow = true;
      this.#slow += 1;
      this.#onChange();
    }, limits.appendCallSlowMs);
    const heldUp = setTimeout(leave, limits.appendCallBlockedMs);
    return leave;
  }
}
