import { fillingDigits, type Lacking } from '../../read-models/generations.js';
import type { GenerationId, ReadModelKeys } from '../../read-models/keys.js';
import type { Redis } from '../../read-models/redis/redis-client.js';
import { pipeline } from '../../read-models/redis/redis-pipeline.js';
import { redisScript } from '../../read-models/redis/redis-script.js';

/**
 * Records which partitions of a generation lack events: queries of these are refused. All methods
 * reject with ReadModelUnavailable.
 */
export interface FillingStore {
  /**
   * A partition lacks events. Its reason replaces an earlier one. Does nothing unless the
   * generation is live.
   */
  setFilling(id: GenerationId, partition: number, why: Lacking): Promise<void>;
  /**
   * A partition has caught up.
   * @param name the name of the marks, known before the checkpoint was read. If there are new marks
   *   since, the partition keeps its own.
   */
  setFilled(id: GenerationId, partition: number, name: string): Promise<void>;
}

/** @param partitions the log's number of partitions. */
export function createFillingStore(redis: Redis, keys: ReadModelKeys, partitions: number): FillingStore {
  const fillPartition = redisScript(redis, 'fill-partition.lua');
  const set = ({ name, generation }: GenerationId, partition: number, digit: string, markName: string) =>
    fillPartition([keys.generations(name)], [generation, partition, partitions, digit, markName]);
  return {
    async setFilling(id, partition, why) {
      const changed = await set(id, partition, fillingDigits[why], String(Date.now()));
      // Owners read the new mark at once.
      if (changed === 1) await pipeline(redis, [['PUBLISH', keys.generationsChannel, id.name]]);
    },
    async setFilled(id, partition, name) {
      await set(id, partition, '0', name);
    },
  };
}
