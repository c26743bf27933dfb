import type { GenerationId, ReadModelKeys } from '../../read-models/keys.js';
import type { Redis } from '../../read-models/redis/redis-client.js';
import { pipeline } from '../../read-models/redis/redis-pipeline.js';
import { redisScript } from '../../read-models/redis/redis-script.js';

/**
 * Records which partitions of a generation are being filled: queries of these are refused. All
 * methods reject with ReadModelUnavailable.
 */
export interface FillingStore {
  /** A partition has lost its data. Does nothing unless the generation is live. */
  setFilling(id: GenerationId, partition: number): Promise<void>;
  /**
   * A partition has caught up.
   * @param name the name of the mark, known before the checkpoint was read. If the generation was
   *   opened again since, the partition stays one that has to be filled.
   */
  setFilled(id: GenerationId, partition: number, name: string): Promise<void>;
}

/** @param partitions the log's number of partitions. */
export function createFillingStore(redis: Redis, keys: ReadModelKeys, partitions: number): FillingStore {
  const fillPartition = redisScript(redis, 'fill-partition.lua');
  const set = async ({ name, generation }: GenerationId, partition: number, mark: 0 | 1, markName: string | number) => {
    const args = [generation, partition, partitions, mark, markName];
    const changed = await fillPartition([keys.generations(name)], args);
    // Owners read the new mark at once.
    if (changed === 1 && mark === 1) await pipeline(redis, [['PUBLISH', keys.generationsChannel, name]]);
  };
  return {
    setFilling: (id, partition) => set(id, partition, 1, Date.now()),
    setFilled: (id, partition, name) => set(id, partition, 0, name),
  };
}
