import { Overloaded } from '../../event-log/overloaded.js';
import { httpLimits as limits } from '../limits.js';

/**
 * Bounds the requests that wait until unknown credentials are looked up, in all and per address. A
 * look-up may take a fifth of a second, and anybody can invent credentials.
 */
export class PendingAuthentications {
  readonly #byAddress = new Map<string, number>();
  #count = 0;

  /** Runs a look-up. Throws Overloaded if too many are pending. */
  async run<T>(address: string, lookUp: () => Promise<T>): Promise<T> {
    const own = this.#byAddress.get(address) ?? 0;
    if (this.#count >= limits.maxPendingAuthentications || own >= limits.maxPendingPerAddress) {
      throw new Overloaded('unknown credentials', limits.maxPendingPerAddress);
    }
    this.#count += 1;
    this.#byAddress.set(address, own + 1);
    try {
      return await lookUp();
    } finally {
      this.#count -= 1;
      const left = (this.#byAddress.get(address) ?? 1) - 1;
      if (left === 0) this.#byAddress.delete(address);
      else this.#byAddress.set(address, left);
    }
  }
}
