import { retiredCheckpoint } from '../../read-models/checkpoint.js';
import type { GenerationId, ReadModelKeys } from '../../read-models/keys.js';
import type { Redis } from '../../read-models/redis/redis-client.js';
import { pipeline } from '../../read-models/redis/redis-pipeline.js';
import { redisScript } from '../../read-models/redis/redis-script.js';
import { scanKeys } from '../../read-models/redis/scan.js';
import { projectorLimits as limits } from '../limits.js';

/**
 * Removes all keys of a retired generation, page by page. UNLINK frees the memory in the
 * background, so that Redis is not blocked. The removal may stop at any point and be repeated.
 *
 * The checkpoints stay for a while with the mark of a removed generation, see
 * read-models/checkpoint.ts.
 *
 * @returns false if `isStopping` became true before the end.
 */
export async function removeGeneration(
  redis: Redis,
  keys: ReadModelKeys,
  partitions: number,
  id: GenerationId,
  isStopping: () => boolean,
): Promise<boolean> {
  // An owner that does not know of the removal must neither continue nor start again at position 0.
  const checkpoints = Array.from({ length: partitions }, (_, partition) => keys.checkpoint(id, partition));
  const mark = redisScript(redis, 'mark-removed.lua');
  for (const key of checkpoints) await mark([key], [retiredCheckpoint, limits.retiredCheckpointSeconds]);
  const checkpointKeys = new Set(checkpoints);
  for await (const names of scanKeys(redis, keys.pattern(id), limits.removedKeysPerScan)) {
    if (isStopping()) return false;
    const removable = names.filter((name) => !checkpointKeys.has(name));
    await pipeline(
      redis,
      removable.map((name) => ['UNLINK', name]),
    );
  }
  return true;
}
