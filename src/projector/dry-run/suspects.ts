import { projectorLimits as limits } from '../limits.js';
import type { Entry } from './entry-differences.js';

/** Bytes of memory that an entry takes beside its text, and a key beside its name. */
const entryOverheadBytes = 50;
const keyOverheadBytes = 250;

/** Bytes of keys and entries that may be held. Partitions that are read together share one. */
export class SuspectsBudget {
  #left: number;
  #isSpent = false;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** Whether some keys or entries were too large for it. */
  get isSpent(): boolean {
    return this.#isSpent;
  }

  /** Returns false if fewer bytes are left. Nothing can be taken then, nor later. */
  take(bytes: number): boolean {
    if (bytes > this.#left) this.#isSpent = true;
    if (this.#isSpent) return false;
    this.#left -= bytes;
    return true;
  }
}

/**
 * Entries of one partition of a generation that differ, perhaps by time alone, each once. They are
 * bounded by the memory that they take: a read model may be damaged as a whole.
 */
export class Suspects {
  /** By key. */
  readonly #entries = new Map<string, Set<string>>();
  readonly #own = new SuspectsBudget(limits.maxSuspectsBytes);
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
    const ofKey = this.#entries.get(key);
    if (this.#isFull || ofKey?.has(entry)) return;
    const bytes = entry.length + entryOverheadBytes + (ofKey ? 0 : key.length + keyOverheadBytes);
    this.#isFull = !this.#own.take(bytes) || this.#shared?.take(bytes) === false;
    if (this.#isFull) return;
    if (ofKey) ofKey.add(entry);
    else this.#entries.set(key, new Set([entry]));
  }

  list(): Entry[] {
    return [...this.#entries].flatMap(([key, entries]) => Array.from(entries, (entry) => ({ key, entry })));
  }
}
