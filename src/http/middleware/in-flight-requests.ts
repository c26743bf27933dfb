import { Overloaded } from '../../event-log/overloaded.js';
import type { Operation } from '../contract/operation.js';
import { operations } from '../contract/operations.js';
import { httpLimits as limits } from '../limits.js';
import { Tally } from '../tally.js';

/** Probes and metrics. Operators need them most when the service is overloaded. */
const alwaysServed: ReadonlySet<string> = new Set(
  Object.values(operations).flatMap((operation: Operation) => (operation.unlimited ? operation.path : [])),
);

/** Whether requests to this path are neither counted nor shed. */
export function isAlwaysServed(path: string): boolean {
  return alwaysServed.has(path);
}

/** The places of a process, separate for reads and writes: slow writes leave the reads alone. */
export interface Places {
  readonly reads: InFlightRequests;
  readonly writes: InFlightRequests;
  /** Requests that wait until the read models have reached a position. */
  readonly waits: InFlightRequests;
}

export function createPlaces(): Places {
  return {
    reads: new InFlightRequests('requests'),
    writes: new InFlightRequests('requests'),
    waits: new InFlightRequests('waiting requests', limits.maxWaitingRequests),
  };
}

/** The places that a request of this method takes. */
export function placesOf({ reads, writes }: Places, method: string | undefined): InFlightRequests {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS' ? reads : writes;
}

/**
 * Counts the requests in flight and rejects those beyond the limit. By Little's law, latency is the
 * number of requests in flight divided by the throughput. So the limit bounds latency: an accepted
 * request gets its response soon, and a rejected one costs little.
 *
 * One owner, a caller or an address, gets `maxShare` of the places. Once all owners together have
 * taken that share, only owners with less than an equal part of all places get further ones. So one
 * owner cannot starve another.
 *
 * Only work counts: a request is counted once its body has arrived, and a stream until its response
 * begins. Slow bodies, streams, batches and the queues behind them have limits of their own.
 */
export class InFlightRequests {
  readonly #what: string;
  readonly #max: number;
  readonly #maxOfOne: number;
  readonly #counts = new Tally();

  constructor(what = 'requests', max: number = limits.maxInFlightRequests) {
    this.#what = what;
    this.#max = max;
    this.#maxOfOne = Math.floor(max * limits.maxShare);
  }

  /** The requests in flight. */
  get inUse(): number {
    return this.#counts.sum;
  }

  /** Whether a request of this owner has to be rejected. */
  refuses(owner: string): boolean {
    if (this.inUse >= this.#max) return true;
    if (this.inUse < this.#maxOfOne) return false;
    const own = this.#counts.of(owner);
    return own > 0 && own >= Math.min(this.#maxOfOne, this.#max / this.#counts.size);
  }

  overloaded(): Overloaded {
    return new Overloaded(this.#what, this.#maxOfOne);
  }

  /**
   * Takes a place. Throws Overloaded if there is none for this owner.
   * @returns a function that gives the place back; further calls of it do nothing.
   */
  enter(owner: string): () => void {
    if (this.refuses(owner)) throw this.overloaded();
    return this.count(owner);
  }

  /** Takes a place, even if that exceeds the limit: the request was accepted before. */
  count(owner: string): () => void {
    this.#counts.add(owner, 1);
    let isInside = true;
    return () => {
      if (!isInside) return;
      isInside = false;
      this.#counts.add(owner, -1);
    };
  }
}
