import { retiredCheckpoint } from '../../read-models/checkpoint.js';
import type { GenerationId, ReadModelKeys } from '../../read-models/keys.js';
import type { Redis } from '../../read-models/redis/redis-client.js';
import { pipeline } from '../../read-models/redis/redis-pipeline.js';
import { scanKeys } from '../../read-models/redis/scan.js';
import { projectorLimits as limits } from '../limits.js';

/**
 * Removes all keys of a generation that nobody is served from any more. Goes over the keys a few at a time and lets Redis
 * free them in the background (UNLINK), so that it blocks nobody. May be stopped at any point, and done again.
 */
export async function removeGeneration(
  redis: Redis,
  keys: ReadModelKeys,
  partitions: number,
  id: GenerationId,
  isStopping: () => boolean,
): Promise<boolean> {
  // An owner that has not heard of it yet must not write on, nor begin anew where it finds nothing.
  const checkpoints = Array.from({ length: partitions }, (_, partition) => keys.checkpoint(id, partition));
  await pipeline(
    redis,
    checkpoints.map((key) => ['SET', key, retiredCheckpoint, 'EX', limits.retiredCheckpointSeconds]),
  );
  const kept = new Set(checkpoints);
  for await (const names of scanKeys(redis, keys.pattern(id), limits.removedKeysPerScan)) {
    if (isStopping()) return false;
    const removable = names.filter((name) => !kept.has(name));
    await pipeline(
      redis,
      removable.map((name) => ['UNLINK', name]),
    );
  }
  return true;
}
