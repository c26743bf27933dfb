import type { ReadKeys } from '../../projections/projection.js';
import { type Checkpoint, decodeCheckpoint } from '../../read-models/checkpoint.js';
import type { GenerationId, ReadModelKeys } from '../../read-models/keys.js';
import type { Redis } from '../../read-models/redis/redis-client.js';
import type { RedisCommand } from '../../read-models/redis/redis-command.js';
import { pipeline } from '../../read-models/redis/redis-pipeline.js';
import { redisScript } from '../../read-models/redis/redis-script.js';
import { projectorLimits as limits } from '../limits.js';
import { type ApplySteps, createApplySteps } from './apply-steps.js';

/**
 * The read models as the projector uses them. It reads what a fold needs, and applies steps, each
 * atomically with its checkpoint. All methods reject with ReadModelUnavailable.
 */
export interface ProjectionStore {
  readonly read: ReadKeys;
  /** The checkpoints of these generations in a partition, in the same order. */
  checkpoints(generations: readonly GenerationId[], partition: number): Promise<Checkpoint[]>;
  readonly apply: ApplySteps;
}

export function createProjectionStore(redis: Redis, keys: ReadModelKeys): ProjectionStore {
  return {
    read: createReadKeys(redis),

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

/**
 * A few fields are read by HGET, in the round trip of others. Many are read by
 * redis/read-fields.lua, which ends at a limit of bytes, and costs less than as many commands.
 */
function createReadKeys(redis: Redis): ReadKeys {
  const readFields = redisScript(redis, 'read-fields.lua');
  const read = (commands: readonly RedisCommand[]) => pipeline(redis, commands);
  const fields: ReadKeys['fields'] = async (entries) => {
    if (entries.length <= limits.maxUnmeasuredFields) {
      return (await read(entries.map((entry) => ['HGET', ...entry]))) as (string | null)[];
    }
    const names = entries.map(([, field]) => field);
    const hashes = entries.map(([hash]) => hash);
    return (await readFields(hashes, [limits.maxLoadedBytes, ...names])) as (string | null)[];
  };
  return Object.assign(read, { fields });
}
