import { projectorLimits as limits } from '../limits.js';
import type { Entry } from './entry-differences.js';

/** A length of keys and entries that may be held. Partitions that are read together share one. */
export class SuspectsBudget {
  #left: number;
  #isSpent = false;

  constructor(length: number) {
    this.#left = length;
  }

  /** Whether some keys or entries were too long for it. */
  get isSpent(): boolean {
    return this.#isSpent;
  }

  /** Returns false if less than this length is left. Nothing can be taken then, nor later. */
  take(length: number): boolean {
    if (length > this.#left) this.#isSpent = true;
    if (this.#isSpent) return false;
    this.#left -= length;
    return true;
  }
}

/**
 * Entries of one partition of a generation that differ, perhaps by time alone, each once. They are
 * bounded by their length: a read model may be damaged as a whole.
 */
export class Suspects {
  readonly #entries = new Map<string, Entry>();
  readonly #own = new SuspectsBudget(limits.maxSuspectsLength);
  readonly #shared: SuspectsBudget | undefined;
  #isFull = false;

  /** @param shared bounds the entries of several partitions together. */
  constructor(shared?: SuspectsBudget) {
    this.#shared = shared;
  }

  /** Whether entries were left out. A comparison then has no reason to read more. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** SCAN may yield an entry twice. */
  add(key: string, entry: string): void {
    const id = `${key}\n${entry}`;
    if (this.#isFull || this.#entries.has(id)) return;
    this.#isFull = !this.#own.take(id.length) || this.#shared?.take(id.length) === false;
    if (!this.#isFull) this.#entries.set(id, { key, entry });
  }

  list(): Entry[] {
    return [...this.#entries.values()];
  }
}
