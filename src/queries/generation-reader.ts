import type { GenerationId, PartitionKeys } from '../read-models/keys.js';
import type { RedisCommand } from '../read-models/redis/redis-command.js';

/** Reads one generation of a read model. */
export interface GenerationReader {
  readonly id: GenerationId;
  /**
   * Throws ReadModelBeingFilled if the partition lacks events.
   * @param needs `part` if the query only reads what is there up to the checkpoint.
   */
  keys(partition: number, needs?: 'all' | 'part'): PartitionKeys;
  /**
   * Sends commands in one round trip, `shared` after the others, and returns their replies in
   * order. Queries of one turn of the event loop that pass the same object in `shared` send it
   * once.
   */
  read(commands: readonly RedisCommand[], ...shared: readonly RedisCommand[]): Promise<unknown[]>;
  /**
   * The command, always the same object, whose reply is 1 if the read model lacks events of any
   * order of a partition (see `damageMark`), else 0.
   */
  hasDamaged(partition: number): RedisCommand;
  /**
   * Reads the newest members of ranges of sorted sets: for each partition one list, in descending
   * order of the `placedPart` of its members, each once. All ranges of a partition are read at the
   * same moment.
   */
  newestMembers(ranges: readonly (readonly MemberRange[])[], count: number): Promise<string[][]>;
  /**
   * Reads ranges of lists of one partition, one after the other, up to a number of bytes. Returns
   * at least one element if there is one.
   * @param completeTo the position up to which the lists have to be complete: elements beyond their
   *   ends are then empty texts. Undefined: such elements are missing.
   */
  readRanges(
    partition: number,
    ranges: readonly ListRange[],
    maxBytes: number,
    completeTo?: number,
  ): Promise<RangesRead>;
}

/** Members of a sorted set between two bounds for ZRANGE BYLEX. */
export interface MemberRange {
  readonly key: string;
  readonly from: string;
  readonly to: string;
}

/** Elements of a list, from the index `first` to the index `last`. */
export interface ListRange {
  readonly key: string;
  readonly first: number;
  readonly last: number;
}

/**
 * The elements that were read, and why no more were: all ranges were read, the next element exceeds
 * the limit of bytes, a list ends before its range does, or the lists are not complete up to the
 * position that was asked for.
 */
export interface RangesRead {
  readonly texts: readonly string[];
  readonly ended: 'all' | 'bytes' | 'short' | 'behind';
}
