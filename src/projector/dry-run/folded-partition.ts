import type { Logger } from 'pino';
import type { Projection } from '../../projections/projection.js';
import type { ReadModelKeys } from '../../read-models/keys.js';
import { type GenerationToFill, GenerationWriter } from '../steps/generation-writer.js';
import { PartitionSteps, type PartitionStepsDeps } from '../steps/partition-steps.js';
import { MemoryStore } from './memory-store.js';

export interface FoldDeps extends Pick<PartitionStepsDeps, 'readEvents' | 'open' | 'yieldToEventLoop'> {
  readonly keys: ReadModelKeys;
  readonly skipped: ConstructorParameters<typeof GenerationWriter>[1]['skipped'];
  readonly log: Logger;
  /** Bytes that the read models of the partition may take. */
  readonly maxBytes: number;
  /** Called with the number of events of each step. */
  readonly onFolded?: (events: number) => void;
}

/**
 * The read models of one partition, folded from the log into memory, as the projectors would fill
 * them. The keys are those of the live generations, so that both can be compared.
 */
export class FoldedPartition {
  readonly store: MemoryStore;
  readonly #deps: FoldDeps;
  readonly #partition: number;
  readonly #writers: readonly GenerationWriter[];

  constructor(deps: FoldDeps, partition: number, generations: readonly GenerationToFill[]) {
    const { keys, skipped, log } = deps;
    this.store = new MemoryStore(deps.maxBytes);
    this.#deps = deps;
    this.#partition = partition;
    this.#writers = generations.map(
      (generation) =>
        new GenerationWriter(generation, {
          ...{ partition, skipped, log, store: this.store },
          key: keys.partition(generation.id, partition),
        }),
    );
  }

  /**
   * Folds the events of some projections up to a position. Rejects with FoldTooLarge, or if a
   * projection stops on an event.
   */
  async foldTo(projections: readonly Projection[], position: number): Promise<void> {
    const writers = this.#writers.filter(
      ({ projection, checkpoint }) => projections.includes(projection) && checkpoint.position < position,
    );
    const ends = new Map([[this.#partition, position]]);
    const { readEvents, open, yieldToEventLoop, onFolded } = this.#deps;
    const steps = new PartitionSteps(
      {
        ...{ readEvents, open, yieldToEventLoop, store: this.store, endPositions: ends },
        logHeads: { heads: ends, readHeads: async () => true },
        onApplied: ({ events }) => onFolded?.(events),
      },
      this.#partition,
      writers,
    );
    let outcome = await steps.takeStep();
    while (outcome === 'applied') outcome = await steps.takeStep();
    for (const { id, stopped, checkpoint } of writers) {
      if (stopped) {
        throw new Error(
          `${id.name} stops in partition ${this.#partition} at ${stopped.position}, ${stopped.type} of order ${stopped.orderId}: ${stopped.error}`,
        );
      }
      if (checkpoint.position !== position) {
        throw new Error(`the log ends at ${checkpoint.position} in partition ${this.#partition}, before ${id.name}`);
      }
    }
  }
}
