import type { Logger } from 'pino';
import type { StoredEvent } from '../event-log/stored-event.js';
import type { ProjectedEvent, Projection } from '../projections/projection.js';
import { type Checkpoint, isSamePosition, startCheckpoint } from '../read-models/checkpoint.js';
import type { GenerationId, PartitionKeys } from '../read-models/keys.js';
import { ReadModelUnavailable } from '../read-models/read-model-unavailable.js';
import type { StoppedReport } from '../read-models/report.js';
import type { Step } from './apply-steps.js';
import type { DecodedEvent } from './decode-events.js';
import type { ProjectionStore } from './projection-store.js';

/** A projection, and the generation of it that is filled. */
export interface GenerationToFill {
  readonly projection: Projection;
  readonly id: GenerationId;
}

export interface GenerationWriterDeps {
  readonly partition: number;
  readonly key: PartitionKeys;
  readonly store: ProjectionStore;
  /** Whether an operator has decided that a projection passes over an event. */
  readonly isSkipped: (projection: string, partition: number, position: number) => boolean;
  readonly log: Logger;
}

/** A step that is folded and not applied yet. */
export interface PreparedStep extends Step {
  /** The projection's state once it is applied; undefined where no event was folded. */
  readonly state: { readonly last: unknown } | undefined;
}

/** The fold of one partition into one generation: where it stands, what it remembers, and whether it has stopped. */
export class GenerationWriter {
  readonly projection: Projection;
  readonly id: GenerationId;
  readonly #deps: GenerationWriterDeps;
  #checkpoint: Checkpoint = startCheckpoint;
  #stopped: StoppedReport | undefined;
  /** The projection's state after the last step. It stands as long as the checkpoint is where that step left it. */
  #state: PreparedStep['state'];
  /** Since when the checkpoint has been frozen, by performance.now(). */
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

  /** Whether it takes steps: not while it has stopped, or somebody needs it to stand still. */
  get isActive(): boolean {
    return this.#stopped === undefined && this.#checkpoint.frozenBy === undefined;
  }

  /** For how long the checkpoint has been frozen; 0 where it is not. */
  get frozenForMs(): number {
    return this.#frozenSinceMs === undefined ? 0 : performance.now() - this.#frozenSinceMs;
  }

  /** Goes on from the checkpoint that is there now: Redis may have come back older or empty. */
  moveTo(checkpoint: Checkpoint): void {
    // A stop belongs to where it happened: with the read model back at an earlier point, everything is tried again.
    if (checkpoint.position < this.#checkpoint.position) this.#stopped = undefined;
    if (!isSamePosition(checkpoint, this.#checkpoint)) this.#state = undefined;
    this.#checkpoint = checkpoint;
    if (checkpoint.frozenBy === undefined) this.#frozenSinceMs = undefined;
    else this.#frozenSinceMs ??= performance.now();
  }

  /** Tries again what has stopped. */
  resume(): void {
    this.#stopped = undefined;
  }

  /**
   * Folds the events, which begin right after the checkpoint. Where one can't be read or folded, those before it: and if it is the
   * first, the track stops there and there is no step.
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
    // The fold changes it: it is no longer the state at the checkpoint, whatever becomes of the step.
    this.#state = undefined;
    const folded: ProjectedEvent[] = [];
    for (const one of events) if (one.event && !this.#isSkipped(one)) folded.push(one.event);
    const to = { position: last.position, hash: last.hash.toString('hex') };
    if (folded.length === 0) return { generation: id, from, to, writes: [], state: known };
    try {
      const state = await projection.load(folded, key, store.read, known?.last);
      const writes = projection.project(folded, key, state);
      return { generation: id, from, to, writes, state: { last: state } };
    } catch (error) {
      if (error instanceof ReadModelUnavailable) throw error;
      // Once more, on what is there instead of what is remembered.
      if (known) return this.#fold(events);
      // Halves, until the one that fails is alone.
      if (events.length > 1) return this.#fold(events.slice(0, Math.floor(events.length / 2)));
      // Read models that changed under the fold look like a bug in it: only a checkpoint that still stands makes it one.
      const [now] = await store.checkpoints([id], partition);
      if (!now || !isSamePosition(now, from) || now.frozenBy) return 'stale';
      this.stop(error, last);
      return undefined;
    }
  }

  /** Told that a step was applied: goes on after it. */
  advance({ to, state }: PreparedStep): void {
    this.#checkpoint = to;
    this.#state = state;
  }

  /** Stands still from here on, loudly. */
  stop(error: unknown, event?: StoredEvent): void {
    const { position } = this.#checkpoint;
    this.#stopped = {
      position: event?.position ?? position,
      orderId: event?.orderId ?? null,
      type: event?.type ?? null,
      error: error instanceof Error ? error.message : String(error),
      at: new Date().toISOString(),
    };
    this.#deps.log.fatal(
      { err: error, projection: this.id.name, generation: this.id.generation, ...this.#stopped },
      'a projection has stopped in this partition; the others go on. Fix its code and restart, or see `orders replay --help`.',
    );
  }

  #isSkipped({ stored }: DecodedEvent): boolean {
    return this.#deps.isSkipped(this.id.name, this.#deps.partition, stored.position);
  }
}
