import type { Logger } from 'pino';
import type { AppendedEvents } from '../event-log/appended-events.js';
import type { ReadEvents } from '../event-log/read-partitions.js';
import type { StoredEvent } from '../event-log/stored-event.js';
import { type Checkpoint, retiredCheckpoint, startCheckpoint } from '../read-models/checkpoint.js';
import type { ReadModelKeys } from '../read-models/keys.js';
import type { StoppedReport } from '../read-models/report.js';
import { Bell } from './bell.js';
import { allFollow, type ChainCheck, createChainCheck } from './chain-check.js';
import { decodeEvents, type OpenEvents, type ReadEvent } from './decode-events.js';
import type { Freezer } from './freezer.js';
import type { Gate } from './gate.js';
import { projectorLimits as limits } from './limits.js';
import type { Pace } from './pace.js';
import type { ProjectionStore } from './projection-store.js';
import { type PreparedStep, Track, type TrackDeps, type TrackId } from './track.js';
import type { NextTurn } from './turns.js';

/** Where each partition's log ends, and who tells when it moves: WakeUps, or a stand-in that ends earlier. */
export interface Heads {
  readonly heads: ReadonlyMap<number, number>;
  readHeads(): Promise<void>;
  on(event: 'moved', listener: (partition: number) => void): unknown;
  off(event: 'moved', listener: (partition: number) => void): unknown;
}

export interface PartitionProjectorDeps {
  readonly readEvents: ReadEvents;
  /** What this process has just appended: need not be read. */
  readonly appended?: AppendedEvents;
  readonly store: ProjectionStore;
  readonly keys: ReadModelKeys;
  readonly freezer: Freezer;
  readonly wakeUps: Heads;
  readonly isSkipped: TrackDeps['isSkipped'];
  readonly open: OpenEvents;
  /** Bounds how many steps are in hand at once; a rebuild's share a narrow one, so that they leave room for others. */
  readonly gate: Pick<Gate, 'run'>;
  /** A step that has fewer events before it does not wait at the gate. */
  readonly gatedFromEvents: number;
  /** Where large steps compute, piece by piece. */
  readonly nextTurn: NextTurn;
  /** By default no step is put off. */
  readonly pace?: Pace;
  /** Where to end, by partition; by default nowhere. May be moved on while it runs. */
  readonly until?: ReadonlyMap<number, number>;
  readonly log: Logger;
}

type StepOutcome = 'moved' | 'idle' | 'stale';

/**
 * Folds one partition of the log into generations of read models. The log is read once for all of them; each has its own
 * checkpoint, and one that stops does not hold up the others.
 */
export class PartitionProjector {
  readonly #deps: PartitionProjectorDeps;
  readonly #partition: number;
  readonly #tracks: readonly Track[];
  readonly #log: Logger;
  #stopping = false;
  readonly #bell = new Bell();
  #woken = false;
  /** The furthest position that somebody waits for. */
  #awaited = 0;
  #resting = false;
  #running: Promise<void> | undefined;

  constructor(deps: PartitionProjectorDeps, partition: number, ids: readonly TrackId[]) {
    const { store, keys, isSkipped } = deps;
    this.#deps = deps;
    this.#partition = partition;
    this.#log = deps.log.child({ partition });
    this.#tracks = ids.map((track) => {
      const key = keys.partition(track.id, partition);
      return new Track(track, { partition, key, store, isSkipped, log: this.#log });
    });
  }

  start(): void {
    this.#deps.wakeUps.on('moved', this.#onMoved);
    this.#running = this.#run().finally(() => this.#deps.wakeUps.off('moved', this.#onMoved));
  }

  /** Resolves when the step in hand is over. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#bell.ring();
    await this.#running;
  }

  /** Tries again what has stopped: its cause may be gone, or an operator may have decided to skip the event. */
  resume(): void {
    for (const track of this.#tracks) track.resume();
    this.#woken = true;
    this.#bell.ring();
  }

  /** Told that somebody waits for a position: the step that takes it is not put off. */
  hurry(position: number): void {
    if (position <= this.#awaited) return;
    this.#awaited = position;
    if (this.#resting) this.#bell.ring();
  }

  /** Which projections stand still here, and where. */
  get stopped(): ReadonlyMap<string, StoppedReport> {
    return new Map(this.#tracks.flatMap(({ id, stopped }) => (stopped ? [[id.name, stopped] as const] : [])));
  }

  get checkpoints(): ReadonlyMap<string, number> {
    return new Map(this.#tracks.map(({ id, checkpoint }) => [id.name, checkpoint.position]));
  }

  get #head(): number {
    return this.#deps.wakeUps.heads.get(this.#partition) ?? 0;
  }

  readonly #onMoved = (partition: number): void => {
    if (partition !== this.#partition) return;
    this.#woken = true;
    if (!this.#resting || !this.#isOurs(this.#head)) this.#bell.ring();
  };

  /** Whether this process itself has appended what is at a position, and still has it. */
  #isOurs(position: number): boolean {
    return this.#deps.appended?.last(this.#partition) === position;
  }

  async #run(): Promise<void> {
    let delayMs: number = limits.minRetryDelayMs;
    let reload = true;
    while (!this.#stopping) {
      try {
        if (reload) await this.#loadCheckpoints();
        this.#woken = false;
        const outcome = await (this.#isGated ? this.#deps.gate.run(this.#step) : this.#step());
        delayMs = limits.minRetryDelayMs;
        if (outcome === 'moved') await this.#rest();
        reload = outcome === 'stale' || (outcome === 'idle' && !(await this.#waitForWake(this.#idleMs)));
        if (this.#tracks.some(({ checkpoint }) => checkpoint.frozenBy)) reload = true;
      } catch (error) {
        if (this.#stopping) return;
        this.#log.warn({ error: String(error), retryInMs: delayMs }, 'projecting: PostgreSQL or Redis did not answer');
        await this.#pause(delayMs);
        delayMs = Math.min(delayMs * 2, limits.maxRetryDelayMs);
        reload = true;
      }
    }
  }

  /** An idle owner looks at its checkpoints now and then: if Redis came back empty or older, so did they. */
  get #idleMs(): number {
    const frozen = this.#tracks.some(({ checkpoint }) => checkpoint.frozenBy);
    return frozen ? limits.frozenCheckIntervalMs : limits.checkpointCheckIntervalMs;
  }

  /** True if woken, false if the time is over. */
  #waitForWake(timeoutMs: number): Promise<boolean> {
    return this.#stopping || this.#woken ? Promise.resolve(true) : this.#bell.sleep(timeoutMs);
  }

  /** Waits for a time, whatever happens meanwhile, unless it is to stop. */
  async #pause(ms: number): Promise<void> {
    const until = performance.now() + ms;
    for (let left = ms; left > 0 && !this.#stopping; left = until - performance.now()) await this.#bell.sleep(left);
  }

  /**
   * While the process is busy, waits a little before the next step, which then takes more events: as long as nobody waits for them.
   * Not where other processes append, since who waits for their events is not known here.
   */
  async #rest(): Promise<void> {
    const { pace } = this.#deps;
    if (!pace?.isBusy()) return;
    const since = performance.now();
    this.#resting = true;
    try {
      while (!this.#stopping && this.#isOurs(this.#head)) {
        const isAwaited = this.#tracks.some(
          ({ isActive, checkpoint }) => isActive && checkpoint.position < this.#awaited,
        );
        const left = since + pace.restMs - performance.now();
        if (isAwaited || left <= 0) return;
        await this.#bell.sleep(left);
      }
    } finally {
      this.#resting = false;
    }
  }

  async #loadCheckpoints(): Promise<void> {
    const found = await this.#deps.store.checkpoints(
      this.#tracks.map(({ id }) => id),
      this.#partition,
    );
    for (const [index, track] of this.#tracks.entries()) {
      track.moveTo(found[index] ?? startCheckpoint);
      await this.#thawIfOverdue(track);
    }
  }

  /** Whoever froze a checkpoint may have died: after a time its owner goes on. */
  async #thawIfOverdue({ id, checkpoint: { frozenBy }, frozenForMs }: Track): Promise<void> {
    if (frozenBy === undefined || frozenBy === retiredCheckpoint || frozenForMs < limits.freezeTimeoutMs) return;
    this.#log.warn({ projection: id.name }, 'a checkpoint stayed frozen for too long: going on');
    await this.#deps.freezer.thawAbandoned(id, this.#partition, frozenBy);
  }

  /** Where this partition is to be brought. */
  get #end(): number {
    return this.#deps.until?.get(this.#partition) ?? this.#head;
  }

  get #isGated(): boolean {
    const [from] = this.#furthestBehind();
    return from !== undefined && this.#end - from.position >= this.#deps.gatedFromEvents;
  }

  readonly #step = async (): Promise<StepOutcome> => {
    const [from, active] = this.#furthestBehind();
    // It may have waited at the gate until it was told to stop.
    if (!from || this.#stopping) return 'idle';
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
  };

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
