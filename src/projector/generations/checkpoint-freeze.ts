import { type Checkpoint, decodeCheckpoint } from '../../read-models/checkpoint.js';
import type { GenerationId, ReadModelKeys } from '../../read-models/keys.js';
import type { Redis } from '../../read-models/redis/redis-client.js';
import { redisScript } from '../../read-models/redis/redis-script.js';

/** Makes generations stand still in a partition, for a moment: while they are compared, or another becomes live. */
export interface CheckpointFreeze {
  /** The checkpoint that it stands at; undefined where somebody else has frozen it, or it is being removed. */
  freeze(id: GenerationId, partition: number, token: string): Promise<Checkpoint | undefined>;
  thaw(id: GenerationId, partition: number, token: string): Promise<void>;
  /**
   * Thaws what somebody froze and did not thaw. If it was for a flip, the flip is made impossible first: it relies on the
   * old generation standing still.
   */
  thawAbandoned(id: GenerationId, partition: number, token: string): Promise<void>;
  /** Makes a flip that relies on this token impossible. */
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
