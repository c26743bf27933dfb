import type { AppendedEvents } from '../event-log/append/recent-events.js';
import type { ReadEvents } from '../event-log/read/read-partitions.js';
import type { StoredEvent } from '../event-log/stored-event.js';
import type { Checkpoint } from '../read-models/checkpoint.js';
import { allFollow, type ChainCheck, createChainCheck } from './chain-check.js';
import { decodeEvents, type OpenEvents, type ReadEvent } from './decode-events.js';
import type { PreparedStep, Track } from './generation-writer.js';
import { projectorLimits as limits } from './limits.js';
import type { ProjectionStore } from './projection-store.js';
import type { NextTurn } from './scheduling/event-loop-turns.js';

/** Where each partition's log ends. */
export interface LogEnds {
  readonly heads: ReadonlyMap<number, number>;
  /** Reads them anew. */
  readHeads(): Promise<void>;
}

export interface PartitionStepsDeps {
  readonly readEvents: ReadEvents;
  /** What this process has just appended: need not be read. */
  readonly appended?: AppendedEvents;
  readonly store: ProjectionStore;
  readonly wakeUps: LogEnds;
  readonly open: OpenEvents;
  /** Where large steps compute, piece by piece. */
  readonly nextTurn: NextTurn;
  /** Where to end, by partition; by default nowhere. May be moved on while it runs. */
  readonly until?: ReadonlyMap<number, number>;
}

/** Whether something was applied, nothing was there to apply, or checkpoints are no longer what was known of them. */
export type StepOutcome = 'moved' | 'idle' | 'stale';

/**
 * The steps of one partition: each reads the log once for all tracks, folds what it read into each, and applies that. Every track has its own
 * checkpoint, and one that stops does not hold up the others.
 */
export class PartitionSteps {
  readonly #deps: PartitionStepsDeps;
  readonly #partition: number;
  readonly #tracks: readonly Track[];

  constructor(deps: PartitionStepsDeps, partition: number, tracks: readonly Track[]) {
    this.#deps = deps;
    this.#partition = partition;
    this.#tracks = tracks;
  }

  /** Where this partition is to be brought. */
  get #end(): number {
    return this.#deps.until?.get(this.#partition) ?? this.#head;
  }

  get #head(): number {
    return this.#deps.wakeUps.heads.get(this.#partition) ?? 0;
  }

  /** How many events the track that is furthest behind has before it; 0 where none takes steps. */
  get behind(): number {
    const [from] = this.#furthestBehind();
    return from ? this.#end - from.position : 0;
  }

  /** Takes a step with each track that takes any. Rejects where PostgreSQL or Redis does not answer. */
  async take(): Promise<StepOutcome> {
    const [from, active] = this.#furthestBehind();
    if (!from) return 'idle';
    const end = this.#end;
    // An idle partition costs PostgreSQL nothing: whether there is more is known from the heads.
    if (from.position === end) return 'idle';
    const { stored, proven } = await this.#read(from);
    const isLarge = stored.length > limits.maxUnbrokenEvents;
    if (isLarge) await this.#deps.nextTurn();
    const events = await decodeEvents(
      this.#deps.until ? stored.filter(({ position }) => position <= end) : stored,
      this.#deps.open,
    );
    const chains = createChainCheck(proven);
    const prepared = await this.#prepareAll(active, events, chains, isLarge);
    const steps = prepared.flatMap((one, index) => {
      const track = active[index];
      return track && one.status === 'fulfilled' && typeof one.value === 'object' ? [{ track, step: one.value }] : [];
    });
    const outcome = await this.#apply(steps);
    // One that fails does not hold up the others' steps.
    for (const one of prepared) if (one.status === 'rejected') throw one.reason;
    return prepared.some((one) => one.status === 'fulfilled' && one.value === 'stale') ? 'stale' : outcome;
  }

  /** The tracks that take steps, and the checkpoint of the one that has most before it. */
  #furthestBehind(): [from: Checkpoint | undefined, active: readonly Track[]] {
    const active = this.#tracks.filter(({ isActive }) => isActive);
    const checkpoints = active.map(({ checkpoint }) => checkpoint);
    return [checkpoints.toSorted((a, b) => a.position - b.position)[0], active];
  }

  /**
   * The events after a checkpoint: from memory, if they are the ones that the log has there, otherwise from the log. Of those from
   * memory it is `proven` that they follow.
   */
  async #read(from: Checkpoint): Promise<{ stored: readonly StoredEvent[]; proven?: Checkpoint }> {
    const kept = this.#deps.appended?.after(this.#partition, from.position, limits.maxStepEvents) ?? [];
    if (kept.length > 0 && allFollow(from, kept)) return { stored: kept, proven: from };
    return { stored: await this.#deps.readEvents(this.#partition, from.position, limits.maxStepEvents) };
  }

  /** What each track makes of the events. One that fails does not hold up the others. */
  async #prepareAll(
    tracks: readonly Track[],
    events: readonly ReadEvent[],
    chains: ChainCheck,
    oneByOne: boolean,
  ): Promise<PromiseSettledResult<PreparedStep | 'stale' | undefined>[]> {
    if (!oneByOne) return Promise.allSettled(tracks.map((track) => this.#prepare(track, events, chains)));
    const prepared: PromiseSettledResult<PreparedStep | 'stale' | undefined>[] = [];
    for (const track of tracks) {
      await this.#deps.nextTurn();
      prepared.push(...(await Promise.allSettled([this.#prepare(track, events, chains)])));
    }
    await this.#deps.nextTurn();
    return prepared;
  }

  async #prepare(
    track: Track,
    all: readonly ReadEvent[],
    chains: ChainCheck,
  ): Promise<PreparedStep | 'stale' | undefined> {
    const { position } = track.checkpoint;
    const events = all.filter(({ stored }) => stored.position > position);
    const [first] = events;
    if (!first) {
      await this.#stopBeyondTheLog(track);
      return undefined;
    }
    if (!chains(track.checkpoint, first.stored)) {
      track.stop(new Error('the log is not the one that this read model was built from'), first.stored);
      return undefined;
    }
    return track.prepare(events);
  }

  async #stopBeyondTheLog(track: Track): Promise<void> {
    const { position } = track.checkpoint;
    if (position <= this.#head) return;
    await this.#deps.wakeUps.readHeads();
    if (position > this.#head) track.stop(new Error(`the log ends at ${this.#head}, before the checkpoint`));
  }

  async #apply(steps: readonly { readonly track: Track; readonly step: PreparedStep }[]): Promise<StepOutcome> {
    if (steps.length === 0) return 'idle';
    const results = await this.#deps.store.apply(
      this.#partition,
      steps.map(({ step }) => step),
    );
    for (const [index, { track, step }] of steps.entries()) if (results[index]?.applied) track.advance(step);
    for (const result of results) if ('error' in result) throw result.error;
    return results.every(({ applied }) => applied) ? 'moved' : 'stale';
  }
}
