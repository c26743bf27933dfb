import { decodeCheckpoint } from '../read-models/checkpoint.js';
import type { Filling } from '../read-models/generations.js';
import type { GenerationId, ReadModelKeys } from '../read-models/keys.js';
import { ReadModelBeingFilled } from '../read-models/read-model-unavailable.js';
import type { Redis } from '../read-models/redis/redis-client.js';
import { pipeline } from '../read-models/redis/redis-pipeline.js';

/**
 * The highest position of a partition that this process knows; undefined if it knows none. A
 * partition of which 0 is known has no events, so its read models lack none.
 */
export type KnownHead = (partition: number) => number | undefined;

/** The partitions of a generation that lack events, when they were last looked up. */
export interface FillingPartitions {
  /** Throws ReadModelBeingFilled if a partition lacks events. */
  refuse(partition: number): void;
  /** Events that the generation has in these partitions, and those that it needs. */
  readonly events: { readonly done: number; readonly total: number };
}

/** Looks up how far the partitions are that lack events. Undefined if none does. */
export async function readFillingPartitions(
  { redis, keys, partitions }: { redis: Redis; keys: ReadModelKeys; partitions: number },
  id: GenerationId,
  filling: Pick<Filling, 'has'>,
  knownHead: KnownHead,
): Promise<FillingPartitions | undefined> {
  const all = Array.from({ length: partitions }, (_, partition) => partition);
  const lacking = new Set(all.filter((partition) => filling.has(partition) && knownHead(partition) !== 0));
  if (lacking.size === 0) return undefined;
  const texts = await pipeline(
    redis,
    [...lacking].map((partition) => ['GET', keys.checkpoint(id, partition)]),
  );
  let [done, total] = [0, 0];
  for (const [index, partition] of [...lacking].entries()) {
    const { position } = decodeCheckpoint(texts[index] as string | null);
    done += position;
    total += Math.max(position, knownHead(partition) ?? 0);
  }
  return {
    refuse(partition) {
      if (lacking.has(partition)) throw new ReadModelBeingFilled(id.name, { done, total, partitions: lacking.size });
    },
    events: { done, total },
  };
}
