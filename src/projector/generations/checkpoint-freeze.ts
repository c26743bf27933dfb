import { type Checkpoint, decodeCheckpoint } from '../../read-models/checkpoint.js';
import type { GenerationId, ReadModelKeys } from '../../read-models/keys.js';
import type { Redis } from '../../read-models/redis/redis-client.js';
import { redisScript } from '../../read-models/redis/redis-script.js';

/**
 * Freezes the checkpoints of a generation for a moment, so that it does not change: while it is
 * compared, or while another generation replaces it. A token names the process that froze it.
 */
export interface CheckpointFreeze {
  /**
   * Freezes the checkpoint in one partition. Resolves with the checkpoint, or with undefined if it
   * is frozen under another token or the generation is being removed.
   */
  freeze(id: GenerationId, partition: number, token: string): Promise<Checkpoint | undefined>;
  /** Thaws the checkpoint if it is frozen under this token. */
  thaw(id: GenerationId, partition: number, token: string): Promise<void>;
  /**
   * Thaws a checkpoint that was left frozen. A flip that depends on the freeze is prevented first,
   * because it needs the old generation to stay as it is.
   */
  thawAbandoned(id: GenerationId, partition: number, token: string): Promise<void>;
  /** Prevents a flip that depends on this token. */
  releaseFlip(projection: string, token: string): Promise<void>;
}

export function createCheckpointFreeze(redis: Redis, keys: ReadModelKeys): CheckpointFreeze {
  const freeze = redisScript(redis, 'freeze-checkpoint.lua');
  const thaw = redisScript(redis, 'thaw-checkpoint.lua');
  const release = redisScript(redis, 'release-flip.lua');
  const checkpointFreeze: CheckpointFreeze = {
    async freeze(id, partition, token) {
      const checkpoint = decodeCheckpoint(String(await freeze([keys.checkpoint(id, partition)], [token])));
      return checkpoint.frozenBy === token ? checkpoint : undefined;
    },
    async thaw(id, partition, token) {
      await thaw([keys.checkpoint(id, partition)], [token]);
    },
    async thawAbandoned(id, partition, token) {
      await checkpointFreeze.releaseFlip(id.name, token);
      await checkpointFreeze.thaw(id, partition, token);
    },
    async releaseFlip(projection, token) {
      await release([keys.generations(projection)], [token]);
    },
  };
  return checkpointFreeze;
}
