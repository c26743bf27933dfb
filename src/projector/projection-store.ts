import { type Checkpoint, decodeCheckpoint } from '../read-models/checkpoint.js';
import type { GenerationId, ReadModelKeys } from '../read-models/keys.js';
import type { Redis } from '../read-models/redis/redis-client.js';
import { pipeline, type RedisCommand } from '../read-models/redis/redis-pipeline.js';
import { type ApplySteps, createApplySteps } from './apply-steps.js';

/** The projector's side of the read models: checkpoints, and steps applied atomically with them. Rejects with ReadModelUnavailable. */
export interface ProjectionStore {
  read(commands: readonly RedisCommand[]): Promise<unknown[]>;
  checkpoints(generations: readonly GenerationId[], partition: number): Promise<Checkpoint[]>;
  readonly apply: ApplySteps;
}

export function createProjectionStore(redis: Redis, keys: ReadModelKeys): ProjectionStore {
  return {
    read: (commands) => pipeline(redis, commands),

    async checkpoints(generations, partition) {
      const answers = await pipeline(
        redis,
        generations.map((generation) => ['GET', keys.checkpoint(generation, partition)]),
      );
      return answers.map((answer) => decodeCheckpoint(answer as string | null));
    },

    apply: createApplySteps(redis, keys),
  };
}
