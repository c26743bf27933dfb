import { httpLimits as limits } from './limits.js';
import { Tally } from './tally.js';

/** How addresses are counted; see ClientAddresses. */
export interface CountedAddresses {
  /** Whether connections from this address carry the requests of many clients. */
  isProxy(address: string): boolean;
  /** The client of an address: one client has all addresses of an IPv6 network. */
  countedForm(address: string): string;
}

/** Counts the open connections of each client, and says which ones are too many. */
export class ConnectionCounts {
  readonly #addresses: CountedAddresses;
  readonly #max: number;
  readonly #counts = new Tally();

  constructor(addresses: CountedAddresses, max: number = limits.maxConnectionsPerAddress) {
    this.#addresses = addresses;
    this.#max = max;
  }

  /** Counts a connection that was opened, until `close` is called. */
  open(address: string): { readonly isTooMany: boolean; readonly close: () => void } {
    const client = this.#addresses.countedForm(address);
    const count = this.#counts.add(client, 1);
    const close = () => void this.#counts.add(client, -1);
    return { isTooMany: count > this.#max && !this.#addresses.isProxy(address), close };
  }
}
