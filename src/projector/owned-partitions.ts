import { liveGroup } from './generation-groups.js';
import { PartitionProjector, type PartitionProjectorDeps } from './partition-projector.js';
import type { GenerationToFill } from './steps/generation-writer.js';

/** A partition that this process owns, with one projector per group of generations. */
export interface OwnedPartition {
  readonly partition: number;
  /** By the group's name: one for the live generations, one for each group of rebuilds. */
  readonly projectors: Map<string, PartitionProjector>;
}

/**
 * The projectors of the partitions that this process owns. The life of a partition here:
 *
 * 1. `acquire`: it is owned and has no projector.
 * 2. `fill`: one projector per group runs. Each further `fill` stops the projectors of removed
 *    groups and starts those of new groups.
 * 3. `release`: its projectors stop; `drained` resolves once their steps are over.
 *
 * A partition that is acquired again while its last steps are running is filled after them.
 */
export class OwnedPartitions {
  readonly #live: PartitionProjectorDeps;
  readonly #rebuild: PartitionProjectorDeps;
  readonly #owned = new Map<number, OwnedPartition>();
  /** By released partition: resolves once its projectors have stopped. */
  readonly #stopping = new Map<number, Promise<unknown>>();

  /**
   * @param live given to the projectors of live generations.
   * @param rebuild to those of rebuilds.
   */
  constructor(live: PartitionProjectorDeps, rebuild: PartitionProjectorDeps) {
    this.#live = live;
    this.#rebuild = rebuild;
  }

  has(partition: number): boolean {
    return this.#owned.has(partition);
  }

  [Symbol.iterator](): Iterator<OwnedPartition> {
    return this.#owned.values();
  }

  /** Takes a partition over. Resolves once it can be filled. */
  async acquire(partition: number): Promise<void> {
    this.#owned.set(partition, { partition, projectors: new Map() });
    await this.drained(partition);
  }

  /** Stops the projectors of a partition; see `drained`. */
  release(partition: number): void {
    const owned = this.#owned.get(partition);
    if (!owned) return;
    this.#owned.delete(partition);
    const stops = [...owned.projectors.values()].map((projector) => projector.stop());
    const stopping = Promise.all([this.#stopping.get(partition), ...stops]).finally(() => {
      if (this.#stopping.get(partition) === stopping) this.#stopping.delete(partition);
    });
    this.#stopping.set(partition, stopping);
  }

  /** Resolves once the projectors of a released partition have stopped. */
  async drained(partition: number): Promise<void> {
    await this.#stopping.get(partition);
  }

  /** Starts and stops projectors until each owned partition has one per group. */
  async fill(groups: ReadonlyMap<string, readonly GenerationToFill[]>): Promise<void> {
    for (const owned of this.#owned.values()) {
      if (!this.#stopping.has(owned.partition)) await this.#fillOne(owned, groups);
    }
  }

  async #fillOne(owned: OwnedPartition, groups: ReadonlyMap<string, readonly GenerationToFill[]>): Promise<void> {
    const { partition, projectors } = owned;
    for (const [group, projector] of projectors) {
      if (groups.has(group)) continue;
      projectors.delete(group);
      await projector.stop();
    }
    for (const [group, generations] of groups) {
      projectors.get(group)?.announce(generations);
      if (projectors.has(group) || this.#owned.get(partition) !== owned) continue;
      const deps = group.startsWith(liveGroup) ? this.#live : this.#rebuild;
      const projector = new PartitionProjector(deps, partition, generations);
      projectors.set(group, projector);
      projector.start();
    }
  }

  /** Ends delays of the steps up to a position, because a request of this process waits for it. */
  flushUpTo(partition: number, position: number): void {
    for (const projector of this.#owned.get(partition)?.projectors.values() ?? []) projector.flushUpTo(position);
  }

  /** All projectors, or those of groups whose name begins with `group`. */
  projectors(group = ''): { partition: number; projector: PartitionProjector }[] {
    return [...this.#owned.values()].flatMap(({ partition, projectors }) =>
      [...projectors].flatMap(([name, projector]) => (name.startsWith(group) ? [{ partition, projector }] : [])),
    );
  }
}
