import { type Checkpoint, decodeCheckpoint } from '../../read-models/checkpoint.js';
import type { GenerationId, ReadModelKeys } from '../../read-models/keys.js';
import type { Redis } from '../../read-models/redis/redis-client.js';
import { pipeline } from '../../read-models/redis/redis-pipeline.js';
import { scanKeys } from '../../read-models/redis/scan.js';
import { projectorLimits as limits } from '../limits.js';

/** A key of a generation. */
export interface GenerationKey {
  readonly partition: number;
  /** The key within the generation, such as "orders:17" or "figures:USD". */
  readonly key: string;
}

/**
 * Yields the keys of a generation without its checkpoints, page by page. SCAN may yield a key
 * twice.
 */
export async function* scanGeneration(
  redis: Redis,
  keys: ReadModelKeys,
  id: GenerationId,
): AsyncGenerator<GenerationKey[]> {
  for await (const names of scanKeys(redis, keys.pattern(id), limits.keysPerScan)) {
    const parts = names.map((name) => {
      const [, partition = '', key = ''] = /:(\d+)\}:[^:]+:\d+:(.*)$/s.exec(name) ?? [];
      return { partition: Number(partition), key };
    });
    yield parts.filter(({ key }) => key !== 'checkpoint');
  }
}

/** The keys of each partition. A round trip reads keys of one partition. */
export function byPartition(found: readonly GenerationKey[]): Map<number, string[]> {
  const partitions = new Map<number, string[]>();
  for (const { partition, key } of found) {
    const ofPartition = partitions.get(partition);
    if (ofPartition) ofPartition.push(key);
    else partitions.set(partition, [key]);
  }
  return partitions;
}

/** The position of a generation's checkpoint in each partition. */
export async function positionsOf(
  redis: Redis,
  keys: ReadModelKeys,
  id: GenerationId,
  partitions: number,
): Promise<number[]> {
  return (await checkpointsOf(redis, keys, id, partitions)).map(({ position }) => position);
}

/** A generation's checkpoint in each partition. */
export function checkpointsOf(
  redis: Redis,
  keys: ReadModelKeys,
  id: GenerationId,
  partitions: number,
): Promise<Checkpoint[]> {
  return readCheckpoints(
    redis,
    Array.from({ length: partitions }, (_, partition) => keys.checkpoint(id, partition)),
  );
}

/** The positions of the checkpoints of generations in one partition. */
export async function positionsInPartition(
  redis: Redis,
  keys: ReadModelKeys,
  ids: readonly GenerationId[],
  partition: number,
): Promise<number[]> {
  const names = ids.map((id) => keys.checkpoint(id, partition));
  return (await readCheckpoints(redis, names)).map(({ position }) => position);
}

async function readCheckpoints(redis: Redis, names: readonly string[]): Promise<Checkpoint[]> {
  const texts = await pipeline(
    redis,
    names.map((name) => ['GET', name]),
  );
  return texts.map((text) => decodeCheckpoint(text as string | null));
}
