import type { RecentEvents } from '../../event-log/append/recent-events.js';
import type { OpenEvents } from '../../event-log/open-events.js';
import type { ReadEvents } from '../../event-log/read/read-partitions.js';
import type { StoredEvent } from '../../event-log/stored-event.js';
import type { Checkpoint } from '../../read-models/checkpoint.js';
import type { YieldToEventLoop } from '../../yield-to-event-loop.js';
import { projectorLimits as limits } from '../limits.js';
import type { StepResult } from './apply-steps.js';
import { allFollow, type ChainCheck, createChainCheck } from './chain-check.js';
import { type DecodedEvent, decodeEvents } from './decode-events.js';
import type { GenerationWriter, PreparedStep } from './generation-writer.js';
import type { ProjectionStore } from './projection-store.js';

/** The head of each partition of the log, as known in this process. */
export interface KnownHeads {
  readonly heads: ReadonlyMap<number, number>;
  /**
   * Reads the heads from the log, as they are after this call or later. Resolves with false if they
   * could not be read.
   */
  readHeads(): Promise<boolean>;
}

/** A step that was applied. */
export interface AppliedStep {
  /** The events that were read for it, and their number up to the end of a dry run. */
  readonly stored: readonly StoredEvent[];
  readonly events: number;
  readonly seconds: number;
}

export interface PartitionStepsDeps {
  readonly readEvents: ReadEvents;
  /** Events that this process has just appended; they are not read from the log. */
  readonly recentEvents?: RecentEvents;
  readonly store: ProjectionStore;
  readonly logHeads: KnownHeads;
  readonly open: OpenEvents;
  /** Called after each applied step, with the events that were read for it. Must not throw. */
  readonly onApplied?: (step: AppliedStep) => void;
  /** Called by large steps between their parts. */
  readonly yieldToEventLoop: YieldToEventLoop;
  /**
   * By partition: the position at which to end. It may grow meanwhile. By default the log's head.
   */
  readonly endPositions?: ReadonlyMap<number, number>;
}

/**
 * The outcome of a step:
 * - `applied`: all writers that folded something have moved on.
 * - `idle`: there was nothing to fold.
 * - `stale`: a checkpoint in Redis is not the known one, so all have to be read again.
 */
export type StepOutcome = 'applied' | 'idle' | 'stale';

/**
 * Takes the steps of one partition. A step reads the log once for all writers, folds the events
 * into each of them, and applies the results. Each writer has a checkpoint of its own, and a writer
 * that stops does not block the others.
 */
export class PartitionSteps {
  readonly #deps: PartitionStepsDeps;
  readonly #partition: number;
  readonly #writers: readonly GenerationWriter[];
  /** How many events the next read asks for; see `#read`. */
  #maxEvents: number = limits.maxStepEvents;

  constructor(deps: PartitionStepsDeps, partition: number, writers: readonly GenerationWriter[]) {
    this.#deps = deps;
    this.#partition = partition;
    this.#writers = writers;
  }

  /** The position that this partition is to reach. */
  get #end(): number {
    return this.#deps.endPositions?.get(this.#partition) ?? this.#head;
  }

  get #head(): number {
    return this.#deps.logHeads.heads.get(this.#partition) ?? 0;
  }

  /** The lag in events of the slowest active writer; 0 if none is active. */
  get lag(): number {
    const [from] = this.#slowest();
    return from ? this.#end - from.position : 0;
  }

  /** Takes one step with each active writer. Rejects if PostgreSQL or Redis is unavailable. */
  async takeStep(): Promise<StepOutcome> {
    const [from, active] = this.#slowest();
    if (!from) return 'idle';
    const end = this.#end;
    // The known heads tell whether there is more, so an idle partition costs PostgreSQL nothing.
    if (from.position === end) return 'idle';
    const startMs = performance.now();
    const { stored, events, failures, isStale, applied } = await this.#foldAndApply(from, active, end);
    const outcome = await applied;
    if (outcome === 'applied') {
      this.#deps.onApplied?.({ stored, events, seconds: (performance.now() - startMs) / 1000 });
    }
    // The other steps have been applied before the failure of one is reported.
    for (const failure of failures) throw failure;
    return isStale ? 'stale' : outcome;
  }

  /**
   * Reads the events after a checkpoint, folds them, and begins to apply the results. Its result
   * refers neither to the decoded events nor to the writes: a large step would keep megabytes of
   * them while Redis works, and the garbage collector would copy them.
   */
  async #foldAndApply(
    from: Checkpoint,
    active: readonly GenerationWriter[],
    end: number,
  ): Promise<{
    readonly stored: readonly StoredEvent[];
    /** The number of events that were folded. */
    readonly events: number;
    /** The errors of writers that could not fold. */
    readonly failures: readonly unknown[];
    /** Whether a writer found another checkpoint in Redis. */
    readonly isStale: boolean;
    readonly applied: Promise<StepOutcome>;
  }> {
    const { stored, proven } = await this.#read(from);
    const isLarge = stored.length > limits.maxEventsWithoutYield;
    if (isLarge) await this.#deps.yieldToEventLoop();
    const events = await decodeEvents(
      this.#deps.endPositions ? stored.filter(({ position }) => position <= end) : stored,
      this.#deps.open,
    );
    const follows = createChainCheck(proven);
    const prepared = await this.#prepareAll(active, events, follows, isLarge);
    const steps = prepared.flatMap((one, index) => {
      const writer = active[index];
      return writer && one.status === 'fulfilled' && typeof one.value === 'object' ? [{ writer, step: one.value }] : [];
    });
    return {
      stored,
      events: events.length,
      failures: prepared.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : [])),
      isStale: prepared.some((one) => one.status === 'fulfilled' && one.value === 'stale'),
      applied: this.#apply(steps),
    };
  }

  /** The checkpoint of the slowest active writer, and all active writers. */
  #slowest(): [from: Checkpoint | undefined, active: readonly GenerationWriter[]] {
    const active = this.#writers.filter(({ isActive }) => isActive);
    const checkpoints = active.map(({ checkpoint }) => checkpoint);
    return [checkpoints.toSorted((a, b) => a.position - b.position)[0], active];
  }

  /**
   * Reads the events after a checkpoint: from memory if they chain to it, otherwise from the log.
   * `proven` is the checkpoint that the events are known to follow.
   */
  async #read(from: Checkpoint): Promise<{ stored: readonly StoredEvent[]; proven?: Checkpoint }> {
    const recent = this.#deps.recentEvents?.after(this.#partition, from.position, limits.maxStepEvents) ?? [];
    if (recent.length > 0 && allFollow(from, recent)) return { stored: recent, proven: from };
    const maxEvents = this.#maxEvents;
    const stored = await this.#deps.readEvents(this.#partition, from.position, maxEvents);
    // PostgreSQL looks at the sizes of all events that are asked for. After a page that ended at
    // its limit of bytes, the next one asks for fewer.
    const isCut = stored.length < Math.min(maxEvents, this.#head - from.position);
    this.#maxEvents = isCut ? Math.max(1, 2 * stored.length) : Math.min(limits.maxStepEvents, 2 * maxEvents);
    return { stored };
  }

  /** Folds the events into each writer. A failure of one does not affect the others. */
  async #prepareAll(
    writers: readonly GenerationWriter[],
    events: readonly DecodedEvent[],
    follows: ChainCheck,
    isLarge: boolean,
  ): Promise<PromiseSettledResult<PreparedStep | 'stale' | undefined>[]> {
    if (!isLarge) return Promise.allSettled(writers.map((writer) => this.#prepare(writer, events, follows)));
    const prepared: PromiseSettledResult<PreparedStep | 'stale' | undefined>[] = [];
    for (const writer of writers) {
      await this.#deps.yieldToEventLoop();
      prepared.push(...(await Promise.allSettled([this.#prepare(writer, events, follows)])));
    }
    await this.#deps.yieldToEventLoop();
    return prepared;
  }

  async #prepare(
    writer: GenerationWriter,
    all: readonly DecodedEvent[],
    follows: ChainCheck,
  ): Promise<PreparedStep | 'stale' | undefined> {
    const { position } = writer.checkpoint;
    // The writers are mostly at the same position.
    const isBehind = all[0] !== undefined && all[0].stored.position > position;
    const events = isBehind ? all : all.filter(({ stored }) => stored.position > position);
    const [first] = events;
    if (!first) {
      await this.#stopIfBeyondHead(writer);
      return undefined;
    }
    if (!follows(writer.checkpoint, first.stored)) {
      writer.stop(new Error('the log is not the one that this read model was built from'), first.stored);
      return undefined;
    }
    return writer.prepare(events);
  }

  /** Stops a writer whose checkpoint is beyond the end of the log. */
  async #stopIfBeyondHead(writer: GenerationWriter): Promise<void> {
    const { position } = writer.checkpoint;
    if (position <= this.#head) return;
    // The known head may be older than the checkpoint, which another process has moved.
    const isRead = await this.#deps.logHeads.readHeads();
    if (isRead && position > this.#head) writer.stop(new Error(`the log ends at ${this.#head}, before the checkpoint`));
  }

  /**
   * Whether a writer keeps the state after a step to this checkpoint for the next one. Far behind,
   * the next step changes mostly other orders, and all partitions would keep their states until it
   * comes. The few orders that it needs are read.
   */
  #keepsState({ position }: Checkpoint): boolean {
    return this.#end - position < limits.farBehindEvents;
  }

  #apply(steps: readonly { readonly writer: GenerationWriter; readonly step: PreparedStep }[]): Promise<StepOutcome> {
    if (steps.length === 0) return Promise.resolve('idle');
    const results = this.#deps.store.apply(
      this.#partition,
      steps.map(({ step }) => step),
    );
    return advance(
      steps.map(({ writer, step: { to, state } }) => ({ writer, to, state: this.#keepsState(to) ? state : undefined })),
      results,
    );
  }
}

/** Moves the writers on whose steps have been applied. */
async function advance(
  moves: readonly (Pick<PreparedStep, 'to' | 'state'> & { readonly writer: GenerationWriter })[],
  applying: Promise<StepResult[]>,
): Promise<StepOutcome> {
  const results = await applying;
  for (const [index, { writer, to, state }] of moves.entries())
    if (results[index]?.applied) writer.advance({ to, state });
  for (const result of results) if ('error' in result) throw result.error;
  return results.every(({ applied }) => applied) ? 'applied' : 'stale';
}
