import type { Logger } from 'pino';
import type { Pool } from '../event-log/database.js';
import { chainHash, genesisHash } from '../event-log/hash-chain.js';
import { readPartition } from '../event-log/read-partition.js';
import { recordedEvent, type StoredEvent } from '../event-log/stored-event.js';
import type { WakeUps } from '../event-log/wake-ups.js';
import { type Checkpoint, startCheckpoint } from '../read-models/keys.js';
import { ReadModelUnavailable } from '../read-models/redis.js';
import { projectorLimits as limits } from './limits.js';
import type { ProjectedEvent, Projection } from './projection.js';
import type { ProjectionStore } from './projection-store.js';

/** Why a projection's partition stands still: a bug met an event, or the log is not the one it was built from. */
export interface Stopped {
  readonly position: number;
  readonly orderId: string | null;
  readonly type: string | null;
  readonly error: string;
  readonly at: string;
}

export interface ProjectorDeps {
  readonly pool: Pool;
  readonly store: ProjectionStore;
  readonly wakeUps: WakeUps;
  readonly projections: readonly Projection[];
  readonly log: Logger;
}

interface Progress {
  readonly projection: Projection;
  checkpoint: Checkpoint;
  stopped: Stopped | undefined;
}

/**
 * Folds one partition of the log into all read models, for as long as this process owns it. The log is read once for
 * all of them; each has its own checkpoint, and one that stops does not hold up the others.
 */
export class PartitionProjector {
  readonly #deps: ProjectorDeps;
  readonly #partition: number;
  readonly #progress: Progress[];
  readonly #log: Logger;
  #stopping = false;
  #wake: (() => void) | undefined;
  #woken = false;
  #running: Promise<void> | undefined;

  constructor(deps: ProjectorDeps, partition: number) {
    this.#deps = deps;
    this.#partition = partition;
    this.#log = deps.log.child({ partition });
    this.#progress = deps.projections.map((projection) => ({
      projection,
      checkpoint: startCheckpoint,
      stopped: undefined,
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

  /** Which projections stand still here, and where. */
  get stopped(): ReadonlyMap<string, Stopped> {
    return new Map(
      this.#progress.flatMap(({ projection, stopped }) => (stopped ? [[projection.name, stopped] as const] : [])),
    );
  }

  get checkpoints(): ReadonlyMap<string, number> {
    return new Map(this.#progress.map(({ projection, checkpoint }) => [projection.name, checkpoint.position]));
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
        const step = await this.#step();
        delayMs = limits.minRetryDelayMs;
        // An idle owner looks at its checkpoints now and then: if Redis came back empty or older, so did they.
        reload = step === 'stale' || (step === 'idle' && !(await this.#waitForWake(limits.checkpointCheckIntervalMs)));
      } catch (error) {
        if (this.#stopping) return;
        this.#log.warn({ error: String(error), retryInMs: delayMs }, 'projecting: PostgreSQL or Redis did not answer');
        await this.#waitForWake(delayMs, true);
        delayMs = Math.min(delayMs * 2, limits.maxRetryDelayMs);
        reload = true;
      }
    }
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
    const found = await this.#deps.store.checkpoints(this.#deps.projections, this.#partition);
    for (const [index, progress] of this.#progress.entries()) {
      const checkpoint = found[index] ?? startCheckpoint;
      // A stop belongs to where it happened: with the read model back at an earlier point, everything is tried again.
      if (checkpoint.position < progress.checkpoint.position) progress.stopped = undefined;
      progress.checkpoint = checkpoint;
    }
  }

  async #step(): Promise<'moved' | 'idle' | 'stale'> {
    const live = this.#progress.filter(({ stopped }) => !stopped);
    if (live.length === 0) return 'idle';
    const from = Math.min(...live.map(({ checkpoint }) => checkpoint.position));
    // An idle partition costs PostgreSQL nothing: whether there is more is known from the heads.
    if (from === this.#deps.wakeUps.heads.get(this.#partition)) return 'idle';
    const stored = await readPartition(this.#deps.pool, this.#partition, from, limits.maxStepEvents);
    const events = this.#decode(stored);
    const outcomes = await Promise.all(live.map((progress) => this.#advance(progress, stored, events)));
    if (outcomes.includes('stale')) return 'stale';
    return outcomes.includes('moved') ? 'moved' : 'idle';
  }

  /** The events up to the first that this code can't read. */
  #decode(stored: readonly StoredEvent[]): { readable: ProjectedEvent[]; unreadable?: [StoredEvent, unknown] } {
    const readable: ProjectedEvent[] = [];
    for (const event of stored) {
      try {
        readable.push({ stored: event, event: recordedEvent(event) });
      } catch (error) {
        return { readable, unreadable: [event, error] };
      }
    }
    return { readable };
  }

  async #advance(
    progress: Progress,
    stored: readonly StoredEvent[],
    { readable, unreadable }: { readable: ProjectedEvent[]; unreadable?: [StoredEvent, unknown] },
  ): Promise<'moved' | 'idle' | 'stale'> {
    const { position } = progress.checkpoint;
    const first = stored.find((event) => event.position > position);
    if (!first) {
      const head = this.#deps.wakeUps.heads.get(this.#partition) ?? 0;
      if (position > head) {
        await this.#deps.wakeUps.readHeads();
        const now = this.#deps.wakeUps.heads.get(this.#partition) ?? 0;
        if (position > now) this.#stop(progress, undefined, new Error(`the log ends at ${now}, before the checkpoint`));
      }
      return 'idle';
    }
    if (!follows(progress.checkpoint, first)) {
      this.#stop(progress, first, new Error('the log is not the one that this read model was built from'));
      return 'idle';
    }
    const events = readable.filter((event) => event.stored.position > position);
    if (events.length === 0 && unreadable) {
      this.#stop(progress, ...unreadable);
      return 'idle';
    }
    return this.#apply(progress, events);
  }

  /** Applies the events in one step; where folding them fails, halves until the one that fails is found. */
  async #apply(progress: Progress, events: readonly ProjectedEvent[]): Promise<'moved' | 'idle' | 'stale'> {
    const last = events.at(-1);
    if (!last) return 'idle';
    const { projection, checkpoint: from } = progress;
    let writes: ReturnType<Projection['fold']>;
    try {
      const state = await projection.load(events, this.#partition, this.#deps.store.read);
      writes = projection.fold(events, this.#partition, state);
    } catch (error) {
      if (error instanceof ReadModelUnavailable) throw error;
      if (events.length > 1) return this.#apply(progress, events.slice(0, Math.floor(events.length / 2)));
      // Read models that changed under the fold look like a bug in it: only a checkpoint that still stands makes it one.
      const [now] = await this.#deps.store.checkpoints([projection], this.#partition);
      if (now?.position !== from.position || now.hash !== from.hash) return 'stale';
      this.#stop(progress, last.stored, error);
      return 'idle';
    }
    const to = { position: last.stored.position, hash: last.stored.hash.toString('hex') };
    const result = await this.#deps.store.apply({ projection, partition: this.#partition, from, to, writes });
    if (!result.applied) return 'stale';
    progress.checkpoint = to;
    return 'moved';
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
      { err: error, projection: progress.projection.name, ...progress.stopped },
      'a projection has stopped in this partition; the others go on. Fix its code, then restart the service.',
    );
  }
}

/** Whether the event is the one right after the checkpoint, in the very log that the checkpoint was made from. */
function follows(checkpoint: Checkpoint, next: StoredEvent): boolean {
  const previous = checkpoint.position === 0 ? genesisHash : Buffer.from(checkpoint.hash, 'hex');
  return next.position === checkpoint.position + 1 && chainHash(previous, next).equals(next.hash);
}
