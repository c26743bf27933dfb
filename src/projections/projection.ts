import type { StoredEvent } from '../event-log/stored-event.js';
import type { EventEnvelope, OrderEvent } from '../orders/events.js';
import type { PartitionKeys, ProjectionId } from '../read-models/keys.js';
import type { ReadableEntry } from '../read-models/readable-entry.js';
import type { RedisCommand } from '../read-models/redis/redis-command.js';

/**
 * An event for a projection: as stored, with personal data opened, and upcast to its present form.
 */
export interface ProjectedEvent {
  readonly stored: StoredEvent;
  readonly event: OrderEvent & EventEnvelope;
}

/** Reads keys of the projection's partition. Rejects with ReadModelUnavailable. */
export interface ReadKeys {
  /** Sends commands in one round trip. Resolves with the replies in order. */
  (commands: readonly RedisCommand[]): Promise<unknown[]>;
  /**
   * Reads fields of hashes, one after the other, up to a limit of bytes. Resolves with their values
   * in order, null for a missing field. The values beyond the limit are left out; there is at least
   * one.
   */
  fields(entries: readonly (readonly [hash: string, field: string])[]): Promise<(string | null)[]>;
}

/**
 * Thrown by `load` if the state that the fold of these events needs exceeds the limit of bytes. The
 * runtime folds fewer events, and the others in further steps.
 */
export class StepTooLarge extends Error {
  /** @param position the first event whose state exceeds the limit. */
  constructor(readonly position: number) {
    super(`the state of the events from position ${position} on exceeds the limit of bytes`);
    this.name = 'StepTooLarge';
  }
}

/**
 * A fold of the log into keys of Redis. The runtime passes the events of a partition in order. Each
 * takes effect exactly once, because the writes of a fold and its checkpoint are applied together
 * or not at all.
 *
 * A projection names keys only through `key`. So the same fold fills the live generation and,
 * during a rebuild, the next one.
 */
export interface Projection<State = unknown> extends ProjectionId {
  /**
   * Loads the state that the fold of these events needs. If another process changes the keys
   * meanwhile, the writes of the fold are rejected.
   *
   * @param last the state after the previous step, if this process has taken that step and the
   *   checkpoint is still there. Its content need not be read. The result must not keep all of
   *   it, because it would grow without end.
   */
  load(events: readonly ProjectedEvent[], key: PartitionKeys, read: ReadKeys, last?: State): Promise<State>;
  /**
   * Folds the events: returns the writes that bring the read model from `state` to the state after
   * them, and changes `state` in the same way. It uses no I/O, clock or random numbers, and writes
   * absolute values if possible.
   */
  project(events: readonly ProjectedEvent[], key: PartitionKeys, state: State): RedisCommand[];
  /**
   * Shows an entry in a comparison of generations. By default entries are shown as they are stored.
   */
  readonly readable?: ReadableEntry;
}
