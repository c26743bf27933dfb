import { decodeCheckpoint } from '../read-models/checkpoint.js';
import type { Filling } from '../read-models/generations.js';
import type { GenerationId, ReadModelKeys } from '../read-models/keys.js';
import { ReadModelBeingFilled, ReadModelOutdated } from '../read-models/read-model-unavailable.js';
import type { Redis } from '../read-models/redis/redis-client.js';
import { pipeline } from '../read-models/redis/redis-pipeline.js';

/**
 * The highest position of a partition that this process knows; undefined if it knows none. A
 * partition of which 0 is known has no events, so its read models lack none.
 */
export type KnownHead = (partition: number) => number | undefined;

/** When the heads were read, and when they moved, as this process knows it. */
export interface HeadTimes {
  /** Undefined before the first reading of the heads. */
  readonly ageMs: number | undefined;
  /** The age of the first event after a checkpoint; 0 if there is none, undefined if unknown. */
  lagMs(partition: number, checkpoint: number): number | undefined;
}

/** The partitions of a generation that lack events, when they were last looked up. */
export interface FillingPartitions {
  /** Throws ReadModelBeingFilled or ReadModelOutdated if a partition lacks events. */
  refuse(partition: number): void;
  /** Whether one of them has stopped at an event of a newer version of the service. */
  readonly isOutdated: boolean;
  /**
   * Events that the generation has in the partitions that are being filled, and those that it
   * needs. Undefined if all of them are outdated.
   */
  readonly events: { readonly done: number; readonly total: number } | undefined;
}

/**
 * Looks up how far the marked partitions are. One that has reached the head that this process knows
 * lacks nothing, although its owner has not removed the mark yet. Undefined if none lacks events.
 */
export async function readFillingPartitions(
  { redis, keys, partitions }: { redis: Redis; keys: ReadModelKeys; partitions: number },
  id: GenerationId,
  filling: Filling,
  knownHead: KnownHead,
): Promise<FillingPartitions | undefined> {
  const all = Array.from({ length: partitions }, (_, partition) => partition);
  const marked = all.filter((partition) => filling.has(partition) && knownHead(partition) !== 0);
  const texts = await pipeline(
    redis,
    marked.map((partition) => ['GET', keys.checkpoint(id, partition)]),
  );
  const [outdated, beingFilled] = [new Set<number>(), new Set<number>()];
  let [done, total] = [0, 0];
  for (const [index, partition] of marked.entries()) {
    const { position } = decodeCheckpoint(texts[index] as string | null);
    const head = knownHead(partition);
    if (head !== undefined && position >= head) continue;
    if (filling.isOutdated(partition)) {
      outdated.add(partition);
      continue;
    }
    beingFilled.add(partition);
    done += position;
    total += Math.max(position, head ?? 0);
  }
  if (outdated.size === 0 && beingFilled.size === 0) return undefined;
  return {
    refuse(partition) {
      if (outdated.has(partition)) throw new ReadModelOutdated(id.name);
      if (!beingFilled.has(partition)) return;
      throw new ReadModelBeingFilled(id.name, { done, total, partitions: beingFilled.size });
    },
    isOutdated: outdated.size > 0,
    events: beingFilled.size > 0 ? { done, total } : undefined,
  };
}
