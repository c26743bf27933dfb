import { Overloaded } from '../../event-log/overloaded.js';
import { httpLimits as limits } from '../limits.js';
import { Tally } from '../tally.js';

/**
 * Bounds the requests that wait until unknown credentials are looked up, in all and per address. A
 * look-up may take a fifth of a second, and anybody can invent credentials.
 */
export class PendingAuthentications {
  readonly #byAddress = new Tally();

  /** Runs a look-up. Throws Overloaded if too many are pending. */
  async run<T>(address: string, lookUp: () => Promise<T>): Promise<T> {
    const { sum } = this.#byAddress;
    if (sum >= limits.maxPendingAuthentications || this.#byAddress.of(address) >= limits.maxPendingPerAddress) {
      throw new Overloaded('unknown credentials', limits.maxPendingPerAddress);
    }
    this.#byAddress.add(address, 1);
    try {
      return await lookUp();
    } finally {
      this.#byAddress.add(address, -1);
    }
  }
}
