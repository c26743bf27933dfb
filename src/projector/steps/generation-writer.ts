import type { Logger } from 'pino';
import type { StoredEvent } from '../../event-log/stored-event.js';
import { UnknownEvent } from '../../orders/upcast.js';
import { type ProjectedEvent, type Projection, StepTooLarge } from '../../projections/projection.js';
import { type Checkpoint, isSamePosition, startCheckpoint } from '../../read-models/checkpoint.js';
import type { Filling } from '../../read-models/generations.js';
import type { GenerationId, PartitionKeys } from '../../read-models/keys.js';
import { damageMark } from '../../read-models/order-buckets.js';
import { ReadModelUnavailable } from '../../read-models/read-model-unavailable.js';
import type { RedisCommand } from '../../read-models/redis/redis-command.js';
import type { StoppedReport } from '../../read-models/report.js';
import type { SkippedEvents } from '../skipped-events.js';
import type { Step } from './apply-steps.js';
import type { DecodedEvent } from './decode-events.js';
import type { ProjectionStore } from './projection-store.js';

/** A projection, and the generation of it that is to be filled. */
export interface GenerationToFill {
  readonly projection: Projection;
  readonly id: GenerationId;
  /** The partitions whose queries are refused until they have caught up. */
  readonly filling?: Filling | undefined;
}

export interface GenerationWriterDeps {
  readonly partition: number;
  readonly key: PartitionKeys;
  readonly store: ProjectionStore;
  /** The events that operators have decided to skip, see skipped-events.ts. */
  readonly skipped: Pick<SkippedEvents, 'has' | 'firstOf'>;
  readonly log: Logger;
}

/** A step that has been folded but not applied. */
export interface PreparedStep extends Step {
  /**
   * The projection's state after the step; undefined if no event was folded and no state was known,
   * or if it is not to be kept.
   */
  readonly state: { readonly last: unknown } | undefined;
}

/**
 * Writes one generation of one projection in one partition. It knows the checkpoint, folds the
 * events after it, and keeps the projection's state between steps. Its states:
 *
 * - active: takes steps. It holds while the writer is neither stopped nor frozen.
 * - stopped (`#stopped`): entered by `stop`, because an event cannot be read or folded, or because
 *   the log is not the one of the checkpoint. Left by `resume`, which an operator asks for, or by
 *   `moveTo` an earlier checkpoint, or one past the event. A new process begins active.
 * - frozen (`#checkpoint.frozenBy`, `#frozenSinceMs`): entered by `moveTo` a checkpoint that
 *   carries a freeze token or the mark of a removed generation. Left by `moveTo` a checkpoint
 *   without one.
 *
 * Stopped and frozen are independent of each other. Stale is no state but a result of `prepare` or
 * of applying a step: the checkpoint in Redis is not the one that the fold began from. The
 * partition projector then reads the checkpoint again and calls `moveTo`.
 */
export class GenerationWriter {
  readonly projection: Projection;
  readonly id: GenerationId;
  readonly #deps: GenerationWriterDeps;
  #checkpoint: Checkpoint = startCheckpoint;
  #stopped: StoppedReport | undefined;
  /** The error of the last stop. */
  #stoppedBy: unknown;
  /**
   * The projection's state after the last step. It holds while the checkpoint is the one of that
   * step.
   */
  #state: PreparedStep['state'];
  /** When the checkpoint was first found frozen, by performance.now(). */
  #frozenSinceMs: number | undefined;

  constructor({ projection, id }: GenerationToFill, deps: GenerationWriterDeps) {
    this.projection = projection;
    this.id = id;
    this.#deps = deps;
  }

  get checkpoint(): Checkpoint {
    return this.#checkpoint;
  }

  get stopped(): StoppedReport | undefined {
    return this.#stopped;
  }

  /** Whether it has stopped at an event that a newer version of the service wrote. */
  get isOutdated(): boolean {
    return this.#stopped !== undefined && this.#stoppedBy instanceof UnknownEvent;
  }

  /** Whether the writer takes steps: it has neither stopped nor a frozen checkpoint. */
  get isActive(): boolean {
    return this.#stopped === undefined && this.#checkpoint.frozenBy === undefined;
  }

  /** How long the checkpoint has been frozen; 0 if it is not. */
  get frozenForMs(): number {
    return this.#frozenSinceMs === undefined ? 0 : performance.now() - this.#frozenSinceMs;
  }

  /**
   * Continues from the checkpoint that was found in Redis, which may have come back older or empty.
   */
  moveTo(checkpoint: Checkpoint): void {
    // A stop belongs to its position. A read model at an earlier position tries all events again;
    // one that is past it was filled by a process that knows the event.
    const { position } = this.#checkpoint;
    const isPast = checkpoint.position > position && checkpoint.position >= (this.#stopped?.position ?? 0);
    if (checkpoint.position < position || isPast) this.#stopped = undefined;
    if (!isSamePosition(checkpoint, this.#checkpoint)) this.#state = undefined;
    this.#checkpoint = checkpoint;
    if (checkpoint.frozenBy === undefined) this.#frozenSinceMs = undefined;
    else this.#frozenSinceMs ??= performance.now();
  }

  /** Retries the event that the writer has stopped on. */
  resume(): void {
    this.#stopped = undefined;
  }

  /**
   * Folds events that directly follow the checkpoint. If one of them cannot be read or folded, only
   * the events before it are folded. If it is the first one, the writer stops and there is no step.
   * Rejects with ReadModelUnavailable.
   */
  async prepare(events: readonly DecodedEvent[]): Promise<PreparedStep | 'stale' | undefined> {
    const unreadable = events.findIndex((event) => event.error !== undefined && !this.#isSkipped(event));
    const [first] = events;
    if (unreadable === 0 && first) {
      this.stop(first.error, first.stored);
      return undefined;
    }
    return this.#fold(unreadable < 0 ? events : events.slice(0, unreadable));
  }

  async #fold(events: readonly DecodedEvent[]): Promise<PreparedStep | 'stale' | undefined> {
    const last = events.at(-1)?.stored;
    if (!last) return undefined;
    const { projection, id } = this;
    const { key, store, partition } = this.#deps;
    const from = this.#checkpoint;
    const known = this.#state;
    // The fold changes the state, so it is no longer the one at the checkpoint, even if the step
    // fails.
    this.#state = undefined;
    const folded: ProjectedEvent[] = [];
    const damaged = new Set<string>();
    for (const one of events) {
      if (this.#isSkipped(one)) damaged.add(one.stored.orderId);
      else if (one.event) folded.push(one.event);
    }
    const marks = this.#damageMarks(damaged);
    const to = { position: last.position, hash: last.hash.toString('hex') };
    if (folded.length === 0) return { generation: id, from, to, writes: marks, state: known };
    try {
      const state = await projection.load(folded, key, store.read, known?.last);
      const writes = [...projection.project(folded, key, state), ...marks];
      return { generation: id, from, to, writes, state: { last: state } };
    } catch (error) {
      if (error instanceof ReadModelUnavailable) throw error;
      if (error instanceof StepTooLarge) return this.#fold(eventsBefore(events, error.position));
      // Retry once with what Redis holds, without the state that was kept in memory.
      if (known) return this.#fold(events);
      // Halving isolates the event that fails.
      if (events.length > 1) return this.#fold(events.slice(0, Math.floor(events.length / 2)));
      // A fold also fails if the read model changed meanwhile. An unchanged checkpoint rules that
      // out.
      const [now] = await store.checkpoints([id], partition);
      if (!now || !isSamePosition(now, from) || now.frozenBy) return 'stale';
      this.stop(error, last);
      return undefined;
    }
  }

  /** Continues after a step that was applied. */
  advance({ to, state }: Pick<PreparedStep, 'to' | 'state'>): void {
    this.#checkpoint = to;
    this.#state = state;
  }

  /** Takes no further steps, and logs why. @param event the one that cannot be read or folded. */
  stop(error: unknown, event?: StoredEvent): void {
    const { position } = this.#checkpoint;
    this.#stoppedBy = error;
    this.#stopped = {
      position: event?.position ?? position,
      orderId: event?.orderId ?? null,
      type: event?.type ?? null,
      error: error instanceof Error ? error.message : String(error),
      at: new Date().toISOString(),
    };
    this.#deps.log.fatal(
      { err: error, projection: this.id.name, generation: this.id.generation, ...this.#stopped },
      'a projection has stopped in this partition; the others continue. Fix its code and restart, or see `orders replay --help`.',
    );
  }

  #isSkipped({ stored }: DecodedEvent): boolean {
    return this.#deps.skipped.has(this.id.name, stored);
  }

  /** The marks of orders that lack an event in this read model. */
  #damageMarks(orderIds: ReadonlySet<string>): RedisCommand[] {
    const { key, skipped } = this.#deps;
    return [...orderIds].flatMap((orderId): RedisCommand[] => {
      const position = skipped.firstOf(this.id.name, orderId);
      return position === undefined ? [] : [['HSET', ...damageMark(key, orderId), position]];
    });
  }
}

/** The events before a position; the first event in any case, so that the step moves on. */
function eventsBefore(events: readonly DecodedEvent[], position: number): readonly DecodedEvent[] {
  const end = events.findIndex(({ stored }) => stored.position >= position);
  return events.slice(0, Math.max(1, end));
}
