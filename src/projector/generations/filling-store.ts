import { outdatedMark } from '../../read-models/generations.js';
import type { GenerationId, ReadModelKeys } from '../../read-models/keys.js';
import type { Redis } from '../../read-models/redis/redis-client.js';
import { pipeline } from '../../read-models/redis/redis-pipeline.js';
import { redisScript } from '../../read-models/redis/redis-script.js';

/**
 * Records which partitions of a generation are being filled: queries of these are refused. All
 * methods reject with ReadModelUnavailable.
 */
export interface FillingStore {
  /**
   * A partition lacks events: it has lost its data, or its projector cannot read an event of a
   * newer version of the service. Does nothing unless the generation is live.
   */
  setFilling(id: GenerationId, partition: number, why: 'lost' | 'outdated'): Promise<void>;
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
  const set = async ({ name, generation }: GenerationId, partition: number, mark: 0 | 1, markName: string) => {
    const args = [generation, partition, partitions, mark, markName];
    const changed = await fillPartition([keys.generations(name)], args);
    // Owners read the new mark at once.
    if (changed === 1 && mark === 1) await pipeline(redis, [['PUBLISH', keys.generationsChannel, name]]);
  };
  return {
    setFilling: (id, partition, why) => set(id, partition, 1, `${why === 'outdated' ? outdatedMark : ''}${Date.now()}`),
    setFilled: (id, partition, name) => set(id, partition, 0, name),
  };
}
