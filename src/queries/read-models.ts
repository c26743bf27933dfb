import type { ReadModelKeys } from '../read-models/keys.js';
import type { Redis } from '../read-models/redis.js';

/** What every query reads from. */
export interface ReadModels {
  readonly redis: Redis;
  readonly keys: ReadModelKeys;
  /** The log's number of partitions. */
  readonly partitions: number;
}
