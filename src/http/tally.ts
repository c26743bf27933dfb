/** Counts by key, and their sum. A key whose count is 0 takes no memory. */
export class Tally {
  readonly #counts = new Map<string, number>();
  #sum = 0;

  get sum(): number {
    return this.#sum;
  }

  /** The keys whose count is not 0. */
  get size(): number {
    return this.#counts.size;
  }

  /** The count of a key. */
  of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  /** @returns the new count of the key */
  add(key: string, difference: number): number {
    this.#sum += difference;
    const count = this.of(key) + difference;
    if (count === 0) this.#counts.delete(key);
    else this.#counts.set(key, count);
    return count;
  }

  /** The key whose count is the highest. Undefined if there are none. */
  largest(): string | undefined {
    let largest: string | undefined;
    for (const [key, count] of this.#counts) if (largest === undefined || count > this.of(largest)) largest = key;
    return largest;
  }
}
