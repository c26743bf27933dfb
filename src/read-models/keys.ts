import { firstEpoch } from '../log-epochs.js';

/**
 * The names of the read models' keys in Redis.
 *
 * All keys of a partition carry the same hash tag, so that its data and checkpoint change in one
 * atomic step on Redis Cluster too. The tag holds the log's id, so that several logs can share a
 * server. From the second epoch on it also holds the log's epoch: a new epoch begins with read
 * models of its own, and data from a lost part of the log is never read. Every key of a generation
 * holds its number, so that a new generation can be built beside the live one.
 */
export interface ReadModelKeys {
  /**
   * The short name of the log in every key: the first 8 characters of its id, and the epoch if it
   * is not the first, such as "018f0000_2_9f3a01bc".
   */
  readonly log: string;
  /** String: the newest epoch of the log that a process has served. Not part of an epoch's keys. */
  readonly epoch: string;
  /** Names the keys of one generation in one partition. */
  partition(generation: GenerationId, partition: number): PartitionKeys;
  /**
   * String: the generation's checkpoint in the partition, see checkpoint.ts; absent before the
   * first event.
   */
  checkpoint(generation: GenerationId, partition: number): string;
  /** A glob pattern, for SCAN, that matches every key of a generation. */
  pattern(generation: GenerationId): string;
  /** Hash: the generations of a projection, see generations.ts. */
  generations(projection: string): string;
  /** List: the builds of a projection that ended, newest first, see ended-builds.ts. */
  endedBuilds(projection: string): string;
  /** String: the progress of a projection's rebuild as JSON, see report.ts. */
  progress(projection: string): string;
  /**
   * String: the last report of a partition's owner as JSON, see report.ts. Each release has an
   * owner.
   */
  report(partition: number, release: string): string;
  /**
   * Channel for applied steps, one line each: "<projection> <generation> <partition> <position>".
   */
  readonly stepsChannel: string;
  /** Channel for changed generations; a message is the name of the projection. */
  readonly generationsChannel: string;
  /** Prefix of the keys that count the requests of callers. */
  readonly rateLimitPrefix: string;
  /** Prefix of the keys of streams' tickets. Each expires by itself. */
  readonly ticketPrefix: string;
  /** Prefix of the keys of verifications and dry runs. */
  readonly runPrefix: string;
  /** List: the last attempts to deliver to a webhook, as JSON, newest first. */
  deliveries(webhookId: string): string;
  /** Prefix of the keys in which processes describe themselves. Each expires by itself. */
  readonly processPrefix: string;
}

/**
 * Names a projection and the version of its code. The version rises when the fold gives another
 * result.
 */
export interface ProjectionId {
  readonly name: string;
  readonly version: number;
  /**
   * The oldest version whose read model this code reads; by default any. Queries are served from
   * such a read model while the first generation of this version is being built.
   */
  readonly readsFrom?: number;
}

/** One build of a projection's read model. */
export interface GenerationId {
  readonly name: string;
  readonly generation: number;
}

/** Completes the name of a key. The key belongs to one generation in one partition. */
export type PartitionKeys = (...name: string[]) => string;

export function createKeys(logId: string, epoch: string = firstEpoch): ReadModelKeys {
  const log = nameOfLog(logId, epoch);
  const prefix = `orders:${log}`;
  const partitionKeys = ({ name, generation }: GenerationId, partition: number): PartitionKeys => {
    const prefixOfPartition = `{${prefix}:${partition}}:${name}:${generation}`;
    return (...rest) => {
      let key = prefixOfPartition;
      for (const name of rest) key += `:${name}`;
      return key;
    };
  };
  return {
    log,
    epoch: `orders:${nameOfLog(logId, firstEpoch)}:epoch`,
    partition: partitionKeys,
    checkpoint: (generation, partition) => partitionKeys(generation, partition)('checkpoint'),
    pattern: ({ name, generation }) => `{${prefix}:*}:${name}:${generation}:*`,
    generations: (projection) => `${prefix}:generations:${projection}`,
    // The hash tag puts it into the slot of the hash, so that one script may change both.
    endedBuilds: (projection) => `{${prefix}:generations:${projection}}:ended`,
    progress: (projection) => `${prefix}:progress:${projection}`,
    report: (partition, release) => `{${prefix}:${partition}}:report:${release}`,
    stepsChannel: `${prefix}:steps`,
    generationsChannel: `${prefix}:generations`,
    rateLimitPrefix: `${prefix}:rate`,
    ticketPrefix: `${prefix}:ticket:`,
    runPrefix: `${prefix}:run:`,
    deliveries: (webhookId) => `${prefix}:deliveries:${webhookId}`,
    processPrefix: `${prefix}:process`,
  };
}

function nameOfLog(logId: string, epoch: string): string {
  const short = logId.slice(0, 8);
  return epoch === firstEpoch ? short : `${short}_${epoch.replace('-', '_')}`;
}

/**
 * A release is a set of projections with their versions. The processes of one release share the
 * partitions among themselves.
 */
export function releaseOf(projections: readonly ProjectionId[]): string {
  return projections
    .map(({ name, version }) => `${name}@${version}`)
    .toSorted()
    .join(',');
}
