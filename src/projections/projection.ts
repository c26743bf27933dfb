import type { StoredEvent } from '../event-log/stored-event.js';
import type { EventEnvelope, OrderEvent } from '../orders/events.js';
import type { PartitionKeys, ProjectionId } from '../read-models/keys.js';
import type { ReadableEntry } from '../read-models/readable-entry.js';
import type { RedisCommand } from '../read-models/redis/redis-pipeline.js';

/** An event as a projection gets it: what the log holds, and what it means today. */
export interface ProjectedEvent {
  readonly stored: StoredEvent;
  readonly event: OrderEvent & EventEnvelope;
}

/** Reads keys of the projection's partition, in one round trip. Rejects with ReadModelUnavailable. */
export type ReadKeys = (commands: readonly RedisCommand[]) => Promise<unknown[]>;

/**
 * A fold of the log into keys of Redis. The runtime gives it the partition's events in order, each exactly once with
 * respect to what it reads, since its writes and its checkpoint go in together or not at all. It names keys only through
 * `key`: so the same fold fills the live generation and, during a rebuild, the next.
 */
export interface Projection<State = unknown> extends ProjectionId {
  /**
   * Reads what the fold of these events needs. Nobody else writes these keys meanwhile: if so, the writes are refused.
   * @param last the state after the step before, if this process has taken it and it still stands: what is in it need not be read.
   *   The result must not hold on to all of it, or it would grow without end.
   */
  load(events: readonly ProjectedEvent[], key: PartitionKeys, read: ReadKeys, last?: State): Promise<State>;
  /**
   * The writes that bring the read model from `state` to after these events, and `state` with it. No I/O, no clock, no random. Absolute
   * values wherever possible.
   */
  project(events: readonly ProjectedEvent[], key: PartitionKeys, state: State): RedisCommand[];
  /** How a comparison of generations shows what differs. By default as it is stored. */
  readonly readable?: ReadableEntry;
}
