/**
 * The names of the read models' keys in Redis.
 *
 * All keys of a partition carry one hash tag, so that a partition's data and checkpoint change in one atomic step on
 * Redis Cluster too. The log's id is part of it: the read models of one log never meet those of another on the same
 * server. The generation is in every key, so that a new one can be built beside the live one.
 */
export interface ReadModelKeys {
  /** A key of a projection's data in one partition. */
  of(projection: ProjectionId, partition: number, ...rest: string[]): string;
  /** Where the projection stands in the partition: "<position>:<hash of that event, hex>"; absent before the first event. */
  checkpoint(projection: ProjectionId, partition: number): string;
  /** What the partition's owner last reported (report.ts), as JSON text. */
  report(partition: number): string;
  /** The channel on which each applied step is published, as "<projection> <partition> <position>". */
  readonly appliedChannel: string;
}

export interface ProjectionId {
  readonly name: string;
  /** Which build of the projection: until rebuilds choose it, the version of its code. */
  readonly version: number;
}

export function createKeys(logId: string): ReadModelKeys {
  const prefix = `orders:${logId.slice(0, 8)}`;
  const of = (projection: ProjectionId, partition: number, ...rest: string[]) =>
    [`{${prefix}:${partition}}`, projection.name, projection.version, ...rest].join(':');
  return {
    of,
    checkpoint: (projection, partition) => of(projection, partition, 'checkpoint'),
    report: (partition) => `{${prefix}:${partition}}:report`,
    appliedChannel: `${prefix}:applied`,
  };
}

export interface Checkpoint {
  readonly position: number;
  /** The hash of the event at that position, hex; empty at position 0. */
  readonly hash: string;
}

export const startCheckpoint: Checkpoint = { position: 0, hash: '' };

export function encodeCheckpoint({ position, hash }: Checkpoint): string {
  return position === 0 ? '' : `${position}:${hash}`;
}

export function decodeCheckpoint(text: string | null): Checkpoint {
  if (!text) return startCheckpoint;
  const [position, hash = ''] = text.split(':');
  return { position: Number(position), hash };
}
