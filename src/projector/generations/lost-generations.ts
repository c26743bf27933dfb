import type { Projection } from '../../projections/projection.js';
import type { Generations } from '../../read-models/generations.js';
import type { GenerationStore } from './generation-store.js';

/**
 * Finds generations that this process has filled and that Redis no longer knows: it has lost the
 * projection's hash, and numbers generations from 1 again. Keys of such a generation may have
 * stayed, or were written since. They are removed: nothing else would ever remove them, not even
 * forgetting a person, and a later generation with the same number would continue from them.
 */
export class LostGenerations {
  readonly #store: Pick<GenerationStore, 'retire'>;
  readonly #projections: readonly Projection[];
  /** By projection: the generations that this process fills. */
  readonly #filled = new Map<string, ReadonlySet<number>>();

  constructor(store: Pick<GenerationStore, 'retire'>, projections: readonly Projection[]) {
    this.#store = store;
    this.#projections = projections;
  }

  /** @param all the generations of each projection, in the order of the projections. */
  async retire(all: readonly Generations[]): Promise<void> {
    for (const [index, { name, version }] of this.#projections.entries()) {
      const found = all[index];
      // Until a generation is open again, it may be one of those that this process knows.
      if (!found?.live.has(version) && !found?.next.has(version)) continue;
      const builds = [...found.next.values()].map(({ generation }) => generation);
      const known = new Set([...found.live.values(), ...builds, ...found.retired.keys()]);
      for (const generation of this.#filled.get(name) ?? []) {
        if (!known.has(generation)) await this.#store.retire({ name, generation });
      }
      const filled = [found.live.get(version), found.next.get(version)?.generation];
      this.#filled.set(name, new Set(filled.filter((generation) => generation !== undefined)));
    }
  }
}
