import { type Checkpoint, decodeCheckpoint } from '../../read-models/checkpoint.js';
import type { GenerationId, ReadModelKeys } from '../../read-models/keys.js';
import type { Redis } from '../../read-models/redis/redis-client.js';
import { pipeline, type RedisCommand } from '../../read-models/redis/redis-pipeline.js';
import { type ApplySteps, createApplySteps } from './apply-steps.js';

/**
 * The read models as the projector uses them. It reads what a fold needs, and applies steps, each
 * atomically with its checkpoint. All methods reject with ReadModelUnavailable.
 */
export interface ProjectionStore {
  read(commands: readonly RedisCommand[]): Promise<unknown[]>;
  /** The checkpoints of these generations in a partition, in the same order. */
  checkpoints(generations: readonly GenerationId[], partition: number): Promise<Checkpoint[]>;
  readonly apply: ApplySteps;
}

export function createProjectionStore(redis: Redis, keys: ReadModelKeys): ProjectionStore {
  return {
    read: (commands) => pipeline(redis, commands),

    async checkpoints(generations, partition) {
      const texts = await pipeline(
        redis,
        generations.map((generation) => ['GET', keys.checkpoint(generation, partition)]),
      );
      return texts.map((text) => decodeCheckpoint(text as string | null));
    },

    apply: createApplySteps(redis, keys),
  };
}
