import type { RecentEvents } from '../event-log/append/recent-events.js';
import type { ReadEvents } from '../event-log/read/read-partitions.js';
import type { StoredEvent } from '../event-log/stored-event.js';
import type { Checkpoint } from '../read-models/checkpoint.js';
import { allFollow, type ChainCheck, createChainCheck } from './chain-check.js';
import { type DecodedEvent, decodeEvents, type OpenEvents } from './decode-events.js';
import type { GenerationWriter, PreparedStep } from './generation-writer.js';
import { projectorLimits as limits } from './limits.js';
import type { ProjectionStore } from './projection-store.js';
import type { YieldToEventLoop } from './scheduling/event-loop-turns.js';

/** Where each partition's log ends. */
export interface KnownHeads {
  readonly heads: ReadonlyMap<number, number>;
  /** Reads them anew. */
  readHeads(): Promise<void>;
}

export interface PartitionStepsDeps {
  readonly readEvents: ReadEvents;
  /** What this process has just appended: need not be read. */
  readonly recentEvents?: RecentEvents;
  readonly store: ProjectionStore;
  readonly logHeads: KnownHeads;
  readonly open: OpenEvents;
  /** Where large steps compute, piece by piece. */
  readonly yieldToEventLoop: YieldToEventLoop;
  /** Where to end, by partition; by default nowhere. May be moved on while it runs. */
  readonly until?: ReadonlyMap<number, number>;
}

/** Whether something was applied, nothing was there to apply, or checkpoints are no longer what was known of them. */
export type StepOutcome = 'moved' | 'idle' | 'stale';

/**
 * The steps of one partition: each reads the log once for all writers, folds what it read into each, and applies that. Every writer has its own
 * checkpoint, and one that stops does not hold up the others.
 */
export class PartitionSteps {
  readonly #deps: PartitionStepsDeps;
  readonly #partition: number;
  readonly #writers: readonly GenerationWriter[];

  constructor(deps: PartitionStepsDeps, partition: number, writers: readonly GenerationWriter[]) {
    this.#deps = deps;
    this.#partition = partition;
    this.#writers = writers;
  }

  /** Where this partition is to be brought. */
  get #end(): number {
    return this.#deps.until?.get(this.#partition) ?? this.#head;
  }

  get #head(): number {
    return this.#deps.logHeads.heads.get(this.#partition) ?? 0;
  }

  /** How many events the writer that is furthest behind has before it; 0 where none takes steps. */
  get behind(): number {
    const [from] = this.#furthestBehind();
    return from ? this.#end - from.position : 0;
  }

  /** Takes a step with each writer that takes any. Rejects where PostgreSQL or Redis does not answer. */
  async take(): Promise<StepOutcome> {
    const [from, active] = this.#furthestBehind();
    if (!from) return 'idle';
    const end = this.#end;
    // An idle partition costs PostgreSQL nothing: whether there is more is known from the heads.
    if (from.position === end) return 'idle';
    const { stored, proven } = await this.#read(from);
    const isLarge = stored.length > limits.maxEventsWithoutYield;
    if (isLarge) await this.#deps.yieldToEventLoop();
    const events = await decodeEvents(
      this.#deps.until ? stored.filter(({ position }) => position <= end) : stored,
      this.#deps.open,
    );
    const chains = createChainCheck(proven);
    const prepared = await this.#prepareAll(active, events, chains, isLarge);
    const steps = prepared.flatMap((one, index) => {
      const writer = active[index];
      return writer && one.status === 'fulfilled' && typeof one.value === 'object' ? [{ writer, step: one.value }] : [];
    });
    const outcome = await this.#apply(steps);
    // One that fails does not hold up the others' steps.
    for (const one of prepared) if (one.status === 'rejected') throw one.reason;
    return prepared.some((one) => one.status === 'fulfilled' && one.value === 'stale') ? 'stale' : outcome;
  }

  /** The writers that take steps, and the checkpoint of the one that has most before it. */
  #furthestBehind(): [from: Checkpoint | undefined, active: readonly GenerationWriter[]] {
    const active = this.#writers.filter(({ isActive }) => isActive);
    const checkpoints = active.map(({ checkpoint }) => checkpoint);
    return [checkpoints.toSorted((a, b) => a.position - b.position)[0], active];
  }

  /**
   * The events after a checkpoint: from memory, if they are the ones that the log has there, otherwise from the log. Of those from
   * memory it is `proven` that they follow.
   */
  async #read(from: Checkpoint): Promise<{ stored: readonly StoredEvent[]; proven?: Checkpoint }> {
    const kept = this.#deps.recentEvents?.after(this.#partition, from.position, limits.maxStepEvents) ?? [];
    if (kept.length > 0 && allFollow(from, kept)) return { stored: kept, proven: from };
    return { stored: await this.#deps.readEvents(this.#partition, from.position, limits.maxStepEvents) };
  }

  /** What each writer makes of the events. One that fails does not hold up the others. */
  async #prepareAll(
    writers: readonly GenerationWriter[],
    events: readonly DecodedEvent[],
    chains: ChainCheck,
    oneByOne: boolean,
  ): Promise<PromiseSettledResult<PreparedStep | 'stale' | undefined>[]> {
    if (!oneByOne) return Promise.allSettled(writers.map((writer) => this.#prepare(writer, events, chains)));
    const prepared: PromiseSettledResult<PreparedStep | 'stale' | undefined>[] = [];
    for (const writer of writers) {
      await this.#deps.yieldToEventLoop();
      prepared.push(...(await Promise.allSettled([this.#prepare(writer, events, chains)])));
    }
    await this.#deps.yieldToEventLoop();
    return prepared;
  }

  async #prepare(
    writer: GenerationWriter,
    all: readonly DecodedEvent[],
    chains: ChainCheck,
  ): Promise<PreparedStep | 'stale' | undefined> {
    const { position } = writer.checkpoint;
    const events = all.filter(({ stored }) => stored.position > position);
    const [first] = events;
    if (!first) {
      await this.#stopBeyondTheLog(writer);
      return undefined;
    }
    if (!chains(writer.checkpoint, first.stored)) {
      writer.stop(new Error('the log is not the one that this read model was built from'), first.stored);
      return undefined;
    }
    return writer.prepare(events);
  }

  async #stopBeyondTheLog(writer: GenerationWriter): Promise<void> {
    const { position } = writer.checkpoint;
    if (position <= this.#head) return;
    await this.#deps.logHeads.readHeads();
    if (position > this.#head) writer.stop(new Error(`the log ends at ${this.#head}, before the checkpoint`));
  }

  async #apply(
    steps: readonly { readonly writer: GenerationWriter; readonly step: PreparedStep }[],
  ): Promise<StepOutcome> {
    if (steps.length === 0) return 'idle';
    const results = await this.#deps.store.apply(
      this.#partition,
      steps.map(({ step }) => step),
    );
    for (const [index, { writer, step }] of steps.entries()) if (results[index]?.applied) writer.advance(step);
    for (const result of results) if ('error' in result) throw result.error;
    return results.every(({ applied }) => applied) ? 'moved' : 'stale';
  }
}
