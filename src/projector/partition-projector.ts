import type { Logger } from 'pino';
import { retiredCheckpoint, startCheckpoint } from '../read-models/checkpoint.js';
import type { ReadModelKeys } from '../read-models/keys.js';
import type { StoppedReport } from '../read-models/report.js';
import { type GenerationToFill, GenerationWriter, type GenerationWriterDeps } from './generation-writer.js';
import type { CheckpointFreeze } from './generations/checkpoint-freeze.js';
import { projectorLimits as limits } from './limits.js';
import { type KnownHeads, PartitionSteps, type PartitionStepsDeps, type StepOutcome } from './partition-steps.js';
import type { Linger } from './scheduling/linger.js';
import type { Semaphore } from './scheduling/semaphore.js';
import { WakeSignal } from './scheduling/wake-signal.js';

/** Where each partition's log ends, and who tells when it moves: WakeUps, or a stand-in that ends earlier. */
export interface ObservedHeads extends KnownHeads {
  on(event: 'moved', listener: (partition: number) => void): unknown;
  off(event: 'moved', listener: (partition: number) => void): unknown;
}

export interface PartitionProjectorDeps extends PartitionStepsDeps {
  readonly keys: ReadModelKeys;
  readonly checkpointFreeze: CheckpointFreeze;
  readonly logHeads: ObservedHeads;
  readonly isSkipped: GenerationWriterDeps['isSkipped'];
  /** Bounds how many steps are in hand at once; a rebuild's share a narrow one, so that they leave room for others. */
  readonly semaphore: Pick<Semaphore, 'run'>;
  /** A step that has fewer events before it does not wait at the gate. */
  readonly semaphoreFromLag: number;
  /** By default no step is put off. */
  readonly linger?: Linger;
  readonly log: Logger;
}

/**
 * Keeps generations of read models up with one partition of the log: takes steps while there is something to take, sleeps and rests in between, and
 * tries again when PostgreSQL or Redis was away.
 */
export class PartitionProjector {
  readonly #deps: PartitionProjectorDeps;
  readonly #partition: number;
  readonly #writers: readonly GenerationWriter[];
  readonly #steps: PartitionSteps;
  readonly #log: Logger;
  #stopping = false;
  readonly #wakeSignal = new WakeSignal();
  #woken = false;
  /** The furthest position that somebody waits for. */
  #awaited = 0;
  #lingering = false;
  #running: Promise<void> | undefined;

  constructor(deps: PartitionProjectorDeps, partition: number, ids: readonly GenerationToFill[]) {
    const { store, keys, isSkipped } = deps;
    this.#deps = deps;
    this.#partition = partition;
    this.#log = deps.log.child({ partition });
    this.#writers = ids.map((writer) => {
      const key = keys.partition(writer.id, partition);
      return new GenerationWriter(writer, { partition, key, store, isSkipped, log: this.#log });
    });
    this.#steps = new PartitionSteps(deps, partition, this.#writers);
  }

  start(): void {
    this.#deps.logHeads.on('moved', this.#onMoved);
    this.#running = this.#run().finally(() => this.#deps.logHeads.off('moved', this.#onMoved));
  }

  /** Resolves when the step in hand is over. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wakeSignal.notify();
    await this.#running;
  }

  /** Tries again what has stopped: its cause may be gone, or an operator may have decided to skip the event. */
  resume(): void {
    for (const writer of this.#writers) writer.resume();
    this.#woken = true;
    this.#wakeSignal.notify();
  }

  /** Told that somebody waits for a position: the step that takes it is not put off. */
  flushUpTo(position: number): void {
    if (position <= this.#awaited) return;
    this.#awaited = position;
    if (this.#lingering) this.#wakeSignal.notify();
  }

  /** Which projections stand still here, and where. */
  get stopped(): ReadonlyMap<string, StoppedReport> {
    return new Map(this.#writers.flatMap(({ id, stopped }) => (stopped ? [[id.name, stopped] as const] : [])));
  }

  get checkpoints(): ReadonlyMap<string, number> {
    return new Map(this.#writers.map(({ id, checkpoint }) => [id.name, checkpoint.position]));
  }

  get #head(): number {
    return this.#deps.logHeads.heads.get(this.#partition) ?? 0;
  }

  readonly #onMoved = (partition: number): void => {
    if (partition !== this.#partition) return;
    this.#woken = true;
    if (!this.#lingering || !this.#isOurs(this.#head)) this.#wakeSignal.notify();
  };

  /** Whether this process itself has appended what is at a position, and still has it. */
  #isOurs(position: number): boolean {
    return this.#deps.recentEvents?.last(this.#partition) === position;
  }

  async #run(): Promise<void> {
    let delayMs: number = limits.minRetryDelayMs;
    let reload = true;
    while (!this.#stopping) {
      try {
        if (reload) await this.#loadCheckpoints();
        this.#woken = false;
        const { semaphore, semaphoreFromLag } = this.#deps;
        const outcome = await (this.#steps.behind >= semaphoreFromLag ? semaphore.run(this.#step) : this.#step());
        delayMs = limits.minRetryDelayMs;
        if (outcome === 'moved') await this.#lingerIfBusy();
        reload = outcome === 'stale' || (outcome === 'idle' && !(await this.#waitForWake(this.#idleMs)));
        if (this.#writers.some(({ checkpoint }) => checkpoint.frozenBy)) reload = true;
      } catch (error) {
        if (this.#stopping) return;
        this.#log.warn({ error: String(error), retryInMs: delayMs }, 'projecting: PostgreSQL or Redis did not answer');
        await this.#pause(delayMs);
        delayMs = Math.min(delayMs * 2, limits.maxRetryDelayMs);
        reload = true;
      }
    }
  }

  // It may have waited at the gate until it was told to stop.
  readonly #step = async (): Promise<StepOutcome> => (this.#stopping ? 'idle' : this.#steps.take());

  /** An idle owner looks at its checkpoints now and then: if Redis came back empty or older, so did they. */
  get #idleMs(): number {
    const frozen = this.#writers.some(({ checkpoint }) => checkpoint.frozenBy);
    return frozen ? limits.frozenCheckIntervalMs : limits.checkpointCheckIntervalMs;
  }

  /** True if woken, false if the time is over. */
  #waitForWake(timeoutMs: number): Promise<boolean> {
    return this.#stopping || this.#woken ? Promise.resolve(true) : this.#wakeSignal.wait(timeoutMs);
  }

  /** Waits for a time, whatever happens meanwhile, unless it is to stop. */
  async #pause(ms: number): Promise<void> {
    const until = performance.now() + ms;
    for (let left = ms; left > 0 && !this.#stopping; left = until - performance.now())
      await this.#wakeSignal.wait(left);
  }

  /**
   * While the process is busy, waits a little before the next step, which then takes more events: as long as nobody waits for them.
   * Not where other processes append, since who waits for their events is not known here.
   */
  async #lingerIfBusy(): Promise<void> {
    const { linger } = this.#deps;
    if (!linger?.isBusy()) return;
    const since = performance.now();
    this.#lingering = true;
    try {
      while (!this.#stopping && this.#isOurs(this.#head)) {
        const isAwaited = this.#writers.some(
          ({ isActive, checkpoint }) => isActive && checkpoint.position < this.#awaited,
        );
        const left = since + linger.lingerMs - performance.now();
        if (isAwaited || left <= 0) return;
        await this.#wakeSignal.wait(left);
      }
    } finally {
      this.#lingering = false;
    }
  }

  async #loadCheckpoints(): Promise<void> {
    const found = await this.#deps.store.checkpoints(
      this.#writers.map(({ id }) => id),
      this.#partition,
    );
    for (const [index, writer] of this.#writers.entries()) {
      writer.moveTo(found[index] ?? startCheckpoint);
      await this.#thawIfOverdue(writer);
    }
  }

  /** Whoever froze a checkpoint may have died: after a time its owner goes on. */
  async #thawIfOverdue({ id, checkpoint: { frozenBy }, frozenForMs }: GenerationWriter): Promise<void> {
    if (frozenBy === undefined || frozenBy === retiredCheckpoint || frozenForMs < limits.freezeTimeoutMs) return;
    this.#log.warn({ projection: id.name }, 'a checkpoint stayed frozen for too long: going on');
    await this.#deps.checkpointFreeze.thawAbandoned(id, this.#partition, frozenBy);
  }
}
