import { projectorLimits as limits } from '../limits.js';
import type { Entry } from './entry-differences.js';

/**
 * Entries of one partition of a generation that differ, perhaps by time alone, each once. They are
 * bounded by their length: a read model may be damaged as a whole.
 */
export class Suspects {
  readonly #entries = new Map<string, Entry>();
  #length = 0;
  #isFull = false;

  /** Whether entries were left out. A comparison then has no reason to read more. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** SCAN may yield an entry twice. */
  add(key: string, entry: string): void {
    const id = `${key}\n${entry}`;
    if (this.#isFull || this.#entries.has(id)) return;
    if (this.#length + id.length > limits.maxSuspectsLength) {
      this.#isFull = true;
      return;
    }
    this.#length += id.length;
    this.#entries.set(id, { key, entry });
  }

  list(): Entry[] {
    return [...this.#entries.values()];
  }
}
