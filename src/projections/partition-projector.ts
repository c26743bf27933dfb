import type { Logger } from 'pino';
import { chainHash, genesisHash } from '../event-log/hash-chain.js';
import type { ReadEvents } from '../event-log/read-partitions.js';
import type { StoredEvent } from '../event-log/stored-event.js';
import { type Checkpoint, retiredCheckpoint, startCheckpoint } from '../read-models/checkpoint.js';
import type { GenerationId, ReadModelKeys } from '../read-models/keys.js';
import { ReadModelUnavailable, type RedisCommand } from '../read-models/redis.js';
import type { StoppedReport } from '../read-models/report.js';
import { decodeEvents, type OpenEvents, type ReadEvent } from './decode-events.js';
import type { Freezer } from './freezer.js';
import type { Gate } from './gate.js';
import { projectorLimits as limits } from './limits.js';
import type { ProjectedEvent, Projection } from './projection.js';
import type { ProjectionStore } from './projection-store.js';
import { ReadAhead } from './read-ahead.js';

/** A projection that fills one of its generations. */
export interface Track {
  readonly projection: Projection;
  readonly id: GenerationId;
}

/** Where each partition's log ends, and who tells when it moves: WakeUps, or a stand-in that ends earlier. */
export interface Heads {
  readonly heads: ReadonlyMap<number, number>;
  readHeads(): Promise<void>;
  on(event: 'moved', listener: (partition: number) => void): unknown;
  off(event: 'moved', listener: (partition: number) => void): unknown;
}

export interface PartitionProjectorDeps {
  readonly readEvents: ReadEvents;
  readonly store: ProjectionStore;
  readonly keys: ReadModelKeys;
  readonly freezer: Freezer;
  readonly wakeUps: Heads;
  /** Whether an operator has decided that a projection passes over an event. */
  readonly isSkipped: (projection: string, partition: number, position: number) => boolean;
  readonly open: OpenEvents;
  /** Bounds how many steps are in hand at once; a rebuild's steps share a narrow one, so that they leave room for others. */
  readonly gate?: Gate;
  /** Where to end, by partition; by default nowhere. May be moved on while it runs. */
  readonly until?: ReadonlyMap<number, number>;
  readonly log: Logger;
}

interface Progress extends Track {
  checkpoint: Checkpoint;
  stopped: StoppedReport | undefined;
  frozenSinceMs: number | undefined;
}

type StepOutcome = 'moved' | 'idle' | 'stale';

/**
 * Folds one partition of the log into generations of read models. The log is read once for all of them; each has its own
 * checkpoint, and one that stops does not hold up the others.
 */
export class PartitionProjector {
  readonly #deps: PartitionProjectorDeps;
  readonly #partition: number;
  readonly #progress: Progress[];
  readonly #events: ReadAhead;
  readonly #log: Logger;
  #stopping = false;
  #wake: (() => void) | undefined;
  #woken = false;
  #running: Promise<void> | undefined;

  constructor(deps: PartitionProjectorDeps, partition: number, tracks: readonly Track[]) {
    this.#deps = deps;
    this.#partition = partition;
    this.#events = new ReadAhead(deps.readEvents, partition);
    this.#log = deps.log.child({ partition });
    this.#progress = tracks.map((track) => ({
      ...track,
      checkpoint: startCheckpoint,
      stopped: undefined,
      frozenSinceMs: undefined,
    }));
  }

  start(): void {
    this.#deps.wakeUps.on('moved', this.#onMoved);
    this.#running = this.#run().finally(() => this.#deps.wakeUps.off('moved', this.#onMoved));
  }

  /** Resolves when the step in hand is over. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wake?.();
    await this.#running;
  }

  /** Tries again what has stopped: its cause may be gone, or an operator may have decided to skip the event. */
  resume(): void {
    for (const progress of this.#progress) progress.stopped = undefined;
    this.#woken = true;
    this.#wake?.();
  }

  /** Which projections stand still here, and where. */
  get stopped(): ReadonlyMap<string, StoppedReport> {
    return new Map(this.#progress.flatMap(({ id, stopped }) => (stopped ? [[id.name, stopped] as const] : [])));
  }

  get checkpoints(): ReadonlyMap<string, number> {
    return new Map(this.#progress.map(({ id, checkpoint }) => [id.name, checkpoint.position]));
  }

  readonly #onMoved = (partition: number): void => {
    if (partition !== this.#partition) return;
    this.#woken = true;
    this.#wake?.();
  };

  async #run(): Promise<void> {
    let delayMs: number = limits.minRetryDelayMs;
    let reload = true;
    while (!this.#stopping) {
      try {
        if (reload) await this.#loadCheckpoints();
        this.#woken = false;
        const step = () => this.#step();
        const outcome = await (this.#deps.gate ? this.#deps.gate.run(step) : step());
        delayMs = limits.minRetryDelayMs;
        reload = outcome === 'stale' || (outcome === 'idle' && !(await this.#waitForWake(this.#idleMs)));
        if (this.#progress.some(({ checkpoint }) => checkpoint.frozenBy)) reload = true;
      } catch (error) {
        if (this.#stopping) return;
        this.#log.warn({ error: String(error), retryInMs: delayMs }, 'projecting: PostgreSQL or Redis did not answer');
        await this.#waitForWake(delayMs, true);
        delayMs = Math.min(delayMs * 2, limits.maxRetryDelayMs);
        reload = true;
      }
    }
  }

  /** An idle owner looks at its checkpoints now and then: if Redis came back empty or older, so did they. */
  get #idleMs(): number {
    const frozen = this.#progress.some(({ checkpoint }) => checkpoint.frozenBy);
    return frozen ? limits.frozenCheckIntervalMs : limits.checkpointCheckIntervalMs;
  }

  /** True if woken, false if the time is over. */
  #waitForWake(timeoutMs: number, onlyStop = false): Promise<boolean> {
    if (this.#stopping || (this.#woken && !onlyStop)) return Promise.resolve(true);
    return new Promise((resolve) => {
      const done = (woken: boolean) => {
        if (onlyStop && woken && !this.#stopping) return;
        clearTimeout(timer);
        this.#wake = undefined;
        resolve(woken);
      };
      const timer = setTimeout(() => done(false), timeoutMs);
      this.#wake = () => done(true);
    });
  }

  async #loadCheckpoints(): Promise<void> {
    const found = await this.#deps.store.checkpoints(
      this.#progress.map(({ id }) => id),
      this.#partition,
    );
    for (const [index, progress] of this.#progress.entries()) {
      const checkpoint = found[index] ?? startCheckpoint;
      // A stop belongs to where it happened: with the read model back at an earlier point, everything is tried again.
      if (checkpoint.position < progress.checkpoint.position) progress.stopped = undefined;
      progress.checkpoint = checkpoint;
      await this.#thawIfOverdue(progress);
    }
  }

  /** Whoever froze a checkpoint may have died: after a time its owner goes on. */
  async #thawIfOverdue(progress: Progress): Promise<void> {
    const { frozenBy } = progress.checkpoint;
    if (frozenBy === undefined || frozenBy === retiredCheckpoint) {
      progress.frozenSinceMs = undefined;
      return;
    }
    progress.frozenSinceMs ??= Date.now();
    if (Date.now() - progress.frozenSinceMs < limits.freezeTimeoutMs) return;
    const { id } = progress;
    this.#log.warn({ projection: id.name }, 'a checkpoint stayed frozen for too long: going on');
    await this.#deps.freezer.thawAbandoned(id, this.#partition, frozenBy);
  }

  async #step(): Promise<StepOutcome> {
    const active = this.#progress.filter(({ stopped, checkpoint }) => !stopped && !checkpoint.frozenBy);
    if (active.length === 0) return 'idle';
    const from = Math.min(...active.map(({ checkpoint }) => checkpoint.position));
    // An idle partition costs PostgreSQL nothing: whether there is more is known from the heads.
    const until = this.#deps.until?.get(this.#partition);
    if (from === (until ?? this.#deps.wakeUps.heads.get(this.#partition))) return 'idle';
    const read = await this.#events.after(from, this.#deps.wakeUps.heads.get(this.#partition) ?? 0);
    const stored = until === undefined ? read : read.filter(({ position }) => position <= until);
    const events = await decodeEvents(stored, this.#deps.open);
    const outcomes = await Promise.all(active.map((progress) => this.#advance(progress, events)));
    if (outcomes.includes('stale')) return 'stale';
    return outcomes.includes('moved') ? 'moved' : 'idle';
  }

  async #advance(progress: Progress, all: readonly ReadEvent[]): Promise<StepOutcome> {
    const { position } = progress.checkpoint;
    const events = all.filter(({ stored }) => stored.position > position);
    const [first] = events;
    if (!first) {
      const head = this.#deps.wakeUps.heads.get(this.#partition) ?? 0;
      if (position > head) {
        await this.#deps.wakeUps.readHeads();
        const now = this.#deps.wakeUps.heads.get(this.#partition) ?? 0;
        if (position > now) this.#stop(progress, undefined, new Error(`the log ends at ${now}, before the checkpoint`));
      }
      return 'idle';
    }
    if (!follows(progress.checkpoint, first.stored)) {
      this.#stop(progress, first.stored, new Error('the log is not the one that this read model was built from'));
      return 'idle';
    }
    const isSkipped = ({ stored }: ReadEvent) =>
      this.#deps.isSkipped(progress.id.name, this.#partition, stored.position);
    const unreadable = events.findIndex((event) => event.error !== undefined && !isSkipped(event));
    if (unreadable === 0) {
      this.#stop(progress, first.stored, first.error);
      return 'idle';
    }
    return this.#apply(progress, unreadable < 0 ? events : events.slice(0, unreadable), isSkipped);
  }

  /** Applies the events in one step; where folding them fails, halves until the one that fails is found. */
  async #apply(
    progress: Progress,
    events: readonly ReadEvent[],
    isSkipped: (event: ReadEvent) => boolean,
  ): Promise<StepOutcome> {
    const last = events.at(-1)?.stored;
    if (!last) return 'idle';
    const { id, checkpoint: from } = progress;
    const { store } = this.#deps;
    let writes: readonly RedisCommand[];
    try {
      writes = await this.#fold(
        progress,
        events.flatMap((one) => (one.event && !isSkipped(one) ? [one.event] : [])),
      );
    } catch (error) {
      if (error instanceof ReadModelUnavailable) throw error;
      if (events.length > 1) return this.#apply(progress, events.slice(0, Math.floor(events.length / 2)), isSkipped);
      // Read models that changed under the fold look like a bug in it: only a checkpoint that still stands makes it one.
      const [now] = await store.checkpoints([id], this.#partition);
      if (now?.position !== from.position || now.hash !== from.hash || now.frozenBy) return 'stale';
      this.#stop(progress, last, error);
      return 'idle';
    }
    const to = { position: last.position, hash: last.hash.toString('hex') };
    const result = await store.apply({ generation: id, partition: this.#partition, from, to, writes });
    if (!result.applied) return 'stale';
    progress.checkpoint = to;
    return 'moved';
  }

  async #fold({ projection, id }: Progress, events: readonly ProjectedEvent[]): Promise<RedisCommand[]> {
    if (events.length === 0) return [];
    const key = this.#deps.keys.partition(id, this.#partition);
    const state = await projection.load(events, key, this.#deps.store.read);
    return projection.fold(events, key, state);
  }

  #stop(progress: Progress, event: StoredEvent | undefined, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    progress.stopped = {
      position: event?.position ?? progress.checkpoint.position,
      orderId: event?.orderId ?? null,
      type: event?.type ?? null,
      error: message,
      at: new Date().toISOString(),
    };
    this.#log.fatal(
      { err: error, projection: progress.id.name, generation: progress.id.generation, ...progress.stopped },
      'a projection has stopped in this partition; the others go on. Fix its code and restart, or see `orders replay --help`.',
    );
  }
}

/** Whether the event is the one right after the checkpoint, in the very log that the checkpoint was made from. */
function follows(checkpoint: Checkpoint, next: StoredEvent): boolean {
  const previous = checkpoint.position === 0 ? genesisHash : Buffer.from(checkpoint.hash, 'hex');
  return next.position === checkpoint.position + 1 && chainHash(previous, next).equals(next.hash);
}
