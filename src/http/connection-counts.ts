import { httpLimits as limits } from './limits.js';

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
  readonly #counts = new Map<string, number>();

  constructor(addresses: CountedAddresses, max: number = limits.maxConnectionsPerAddress) {
    this.#addresses = addresses;
    this.#max = max;
  }

  /** Counts a connection that was opened, until `close` is called. */
  open(address: string): { readonly isTooMany: boolean; readonly close: () => void } {
    const client = this.#addresses.countedForm(address);
    const count = (this.#counts.get(client) ?? 0) + 1;
    this.#counts.set(client, count);
    const close = () => {
      const left = (this.#counts.get(client) ?? 1) - 1;
      if (left === 0) this.#counts.delete(client);
      else this.#counts.set(client, left);
    };
    return { isTooMany: count > this.#max && !this.#addresses.isProxy(address), close };
  }
}
