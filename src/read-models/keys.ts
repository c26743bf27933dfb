/**
 * The names of the read models' keys in Redis.
 *
 * All keys of a partition carry one hash tag, so that a partition's data and checkpoint change in one atomic step on
 * Redis Cluster too. The log's id is part of it: the read models of one log never meet those of another on the same
 * server. The generation is in every key, so that a new one can be built beside the live one.
 */
export interface ReadModelKeys {
  /** The log's short name, as it is in every key. */
  readonly log: string;
  /** Names the keys of one generation in one partition. */
  partition(generation: GenerationId, partition: number): PartitionKeys;
  /** Where the generation stands in the partition, see checkpoint.ts; absent before the first event. */
  checkpoint(generation: GenerationId, partition: number): string;
  /** Matches every key of a generation, as SCAN takes it. */
  pattern(generation: GenerationId): string;
  /** Hash: which generations of a projection there are, see generations.ts. */
  generations(projection: string): string;
  /** How far the rebuild of a projection is (report.ts), as JSON text. */
  progress(projection: string): string;
  /** What the partition's owner last reported (report.ts), as JSON text; processes of other versions have another owner. */
  report(partition: number, release: string): string;
  /** The channel on which applied steps are published, a line each: "<projection> <generation> <partition> <position>". */
  readonly stepsChannel: string;
  /** The channel that tells of changed generations, by the projection's name. */
  readonly generationsChannel: string;
  /** What callers' requests are counted under. */
  readonly rateLimitPrefix: string;
}

/** A projection as its code is. The version is raised when its fold gives something else than before. */
export interface ProjectionId {
  readonly name: string;
  readonly version: number;
  /**
   * The oldest version whose read model this code still reads, by default any: while the first generation of its own version
   * is being built, queries answer from such a one.
   */
  readonly readsFrom?: number;
}

/** One build of a projection's read model. */
export interface GenerationId {
  readonly name: string;
  readonly generation: number;
}

/** Gives a key from the rest of its name. What it names belongs to one generation in one partition. */
export type PartitionKeys = (...name: string[]) => string;

export function createKeys(logId: string): ReadModelKeys {
  const prefix = `orders:${logId.slice(0, 8)}`;
  const partitionKeys = ({ name, generation }: GenerationId, partition: number): PartitionKeys => {
    const begin = `{${prefix}:${partition}}:${name}:${generation}`;
    return (...rest) => {
      let key = begin;
      for (const name of rest) key += `:${name}`;
      return key;
    };
  };
  return {
    log: logId.slice(0, 8),
    partition: partitionKeys,
    checkpoint: (generation, partition) => partitionKeys(generation, partition)('checkpoint'),
    pattern: ({ name, generation }) => `{${prefix}:*}:${name}:${generation}:*`,
    generations: (projection) => `${prefix}:generations:${projection}`,
    progress: (projection) => `${prefix}:progress:${projection}`,
    report: (partition, release) => `{${prefix}:${partition}}:report:${release}`,
    stepsChannel: `${prefix}:steps`,
    generationsChannel: `${prefix}:generations`,
    rateLimitPrefix: `${prefix}:rate`,
  };
}

/** Processes of one release have the same projections in the same versions: they share the partitions out among themselves. */
export function releaseOf(projections: readonly ProjectionId[]): string {
  return projections
    .map(({ name, version }) => `${name}@${version}`)
    .toSorted()
    .join(',');
}
