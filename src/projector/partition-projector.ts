import type { Logger } from 'pino';
import type { FailureLog } from '../failure-log.js';
import { type Checkpoint, retiredCheckpoint, startCheckpoint } from '../read-models/checkpoint.js';
import type { ReadModelKeys } from '../read-models/keys.js';
import type { StoppedReport } from '../read-models/report.js';
import type { CheckpointFreeze } from './generations/checkpoint-freeze.js';
import type { FillingStore } from './generations/filling-store.js';
import type { GenerationExists } from './generations/generation-exists.js';
import { projectorLimits as limits } from './limits.js';
import type { Linger } from './scheduling/linger.js';
import type { Semaphore } from './scheduling/semaphore.js';
import { WakeSignal } from './scheduling/wake-signal.js';
import { FillMarks } from './steps/fill-marks.js';
import { type GenerationToFill, GenerationWriter, type GenerationWriterDeps } from './steps/generation-writer.js';
import { type KnownHeads, PartitionSteps, type PartitionStepsDeps, type StepOutcome } from './steps/partition-steps.js';

/** The log's heads, and an event when one moves: LogHeads, or the end positions of a dry run. */
export interface ObservedHeads extends KnownHeads {
  on(event: 'moved', listener: (partition: number) => void): unknown;
  off(event: 'moved', listener: (partition: number) => void): unknown;
}

export interface PartitionProjectorDeps extends PartitionStepsDeps {
  readonly keys: ReadModelKeys;
  readonly checkpointFreeze: CheckpointFreeze;
  readonly fillingStore: FillingStore;
  /** By default a generation exists for as long as it is to be filled. */
  readonly generationExists?: GenerationExists;
  readonly logHeads: ObservedHeads;
  readonly skipped: GenerationWriterDeps['skipped'];
  /**
   * Bounds how many steps of several partitions are in flight. Rebuilds have a narrower one than
   * live generations.
   */
  readonly semaphore: Pick<Semaphore, 'run'>;
  /** A step passes the semaphore from this lag in events on. */
  readonly semaphoreFromLag: number;
  /** Delays steps while the process is busy. By default no step is delayed. */
  readonly linger?: Linger;
  /** Shared by all partitions: PostgreSQL and Redis fail for all of them at once. */
  readonly failures: FailureLog;
  readonly log: Logger;
}

/**
 * Keeps a group of generations up to date with one partition of the log. Its loop is always in one
 * of these states:
 *
 * - loading: reads the checkpoints from Redis, and thaws those that are frozen for too long.
 *   Entered at the start, after a stale step, after a failure, when waiting has timed out, and
 *   before every step while a checkpoint is frozen. Then stepping.
 * - stepping: takes one step with all active writers, within the semaphore if the lag is large.
 *   Then lingering if the step was applied, loading if it was stale, waiting if there was nothing
 *   to do.
 * - lingering: if the process is busy, delays the next step, which then takes more events. Ends
 *   after `linger.lingerMs`; or when a request waits for an event (`flushUpTo`), another process
 *   appends, or `stop` is called. Then stepping.
 * - waiting: sleeps until the log's head moves, `resume` or `stop` is called; then stepping. After
 *   `checkpointCheckIntervalMs` (`frozenCheckIntervalMs` if a checkpoint is frozen): loading.
 * - pausing: PostgreSQL or Redis was unavailable. Nothing but `stop` ends the delay early. Then
 *   loading.
 * - ended: `stop` was called and the step in flight is over.
 */
export class PartitionProjector {
  readonly #deps: PartitionProjectorDeps;
  readonly #partition: number;
  readonly #writers: readonly GenerationWriter[];
  readonly #steps: PartitionSteps;
  readonly #fillMarks: FillMarks;
  readonly #log: Logger;
  #stopping = false;
  readonly #wakeSignal = new WakeSignal();
  /** Whether there was a reason to wake up since the last step began. */
  #woken = false;
  /** The highest position that a request waits for. */
  #awaited = 0;
  #lingering = false;
  /** Whether the checkpoints have to be read before the next step. */
  #reload = true;
  #running: Promise<void> | undefined;

  constructor(deps: PartitionProjectorDeps, partition: number, generations: readonly GenerationToFill[]) {
    const { store, keys, skipped } = deps;
    this.#deps = deps;
    this.#partition = partition;
    this.#log = deps.log.child({ partition });
    this.#writers = generations.map((generation) => {
      const key = keys.partition(generation.id, partition);
      return new GenerationWriter(generation, { partition, key, store, skipped, log: this.#log });
    });
    this.#steps = new PartitionSteps(deps, partition, this.#writers);
    this.#fillMarks = new FillMarks(deps.fillingStore, partition);
    this.announce(generations);
  }

  start(): void {
    this.#deps.logHeads.on('moved', this.#onMoved);
    this.#running = this.#run().finally(() => this.#deps.logHeads.off('moved', this.#onMoved));
  }

  /** Ends the loop. Resolves once the step in flight is over. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wakeSignal.notify();
    await this.#running;
  }

  /**
   * Retries what has stopped: the cause may be gone, or an operator has decided to skip the event.
   */
  resume(): void {
    for (const writer of this.#writers) writer.resume();
    this.#woken = true;
    this.#wakeSignal.notify();
  }

  /**
   * Takes the generations as they are now: the same ones, whose partitions may have to be filled.
   */
  announce(generations: readonly GenerationToFill[]): void {
    if (!this.#fillMarks.announce(generations)) return;
    this.#reload = true;
    this.#woken = true;
    this.#wakeSignal.notify();
  }

  /** Ends delays of the steps up to a position, because a request waits for it. */
  flushUpTo(position: number): void {
    if (position <= this.#awaited) return;
    this.#awaited = position;
    if (this.#lingering) this.#wakeSignal.notify();
  }

  /** The projections that have stopped here, and why. */
  get stopped(): ReadonlyMap<string, StoppedReport> {
    return new Map(this.#writers.flatMap(({ id, stopped }) => (stopped ? [[id.name, stopped] as const] : [])));
  }

  /** The position of each projection's checkpoint. */
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

  /** Whether this process has appended the event at a position and still keeps it in memory. */
  #isOurs(position: number): boolean {
    return this.#deps.recentEvents?.last(this.#partition) === position;
  }

  async #run(): Promise<void> {
    let delayMs: number = limits.minRetryDelayMs;
    while (!this.#stopping) {
      try {
        if (this.#reload) await this.#loadCheckpoints();
        this.#woken = false;
        const { semaphore, semaphoreFromLag } = this.#deps;
        const outcome = await (this.#steps.lag >= semaphoreFromLag ? semaphore.run(this.#step) : this.#step());
        delayMs = limits.minRetryDelayMs;
        this.#deps.failures.succeeded();
        await this.#fillMarks.end(this.#head);
        await this.#fillMarks.noteOutdated(this.#writers);
        if (outcome === 'applied') await this.#lingerIfBusy();
        if (outcome === 'stale' || (outcome === 'idle' && !(await this.#waitForWake(this.#idleMs))))
          this.#reload = true;
        if (this.#writers.some(({ checkpoint }) => checkpoint.frozenBy)) this.#reload = true;
      } catch (error) {
        if (this.#stopping) return;
        this.#deps.failures.failed(error);
        await this.#pause(delayMs);
        delayMs = Math.min(delayMs * 2, limits.maxRetryDelayMs);
        this.#reload = true;
      }
    }
  }

  // `stop` may have been called while the step waited for the semaphore.
  readonly #step = async (): Promise<StepOutcome> => (this.#stopping ? 'idle' : this.#steps.takeStep());

  /**
   * How long an idle owner waits before it reads its checkpoints: Redis may have come back empty or
   * older.
   */
  get #idleMs(): number {
    const frozen = this.#writers.some(({ checkpoint }) => checkpoint.frozenBy);
    return frozen ? limits.frozenCheckIntervalMs : limits.checkpointCheckIntervalMs;
  }

  /** Resolves with true if there is a reason to step, with false after the time-out. */
  #waitForWake(timeoutMs: number): Promise<boolean> {
    return this.#stopping || this.#woken ? Promise.resolve(true) : this.#wakeSignal.wait(timeoutMs);
  }

  /** Waits for the whole time, unless `stop` is called. */
  async #pause(ms: number): Promise<void> {
    const until = performance.now() + ms;
    for (let left = ms; left > 0 && !this.#stopping; left = until - performance.now())
      await this.#wakeSignal.wait(left);
  }

  /**
   * Delays the next step while the process is busy and no request waits for its events. Does not
   * delay events of other processes: requests that wait for those are not known here.
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
    this.#reload = false;
    if (this.#deps.logHeads.heads.has(this.#partition)) this.#fillMarks.beginReading(this.#writers, this.#head);
    const found = await this.#deps.store.checkpoints(
      this.#writers.map(({ id }) => id),
      this.#partition,
    );
    for (const [index, writer] of this.#writers.entries()) {
      const before = writer.checkpoint.position;
      writer.moveTo(await this.#unlessLost(writer, found[index] ?? startCheckpoint));
      await this.#fillMarks.noteStart(writer, before, this.#head);
      await this.#thawIfOverdue(writer);
    }
  }

  /**
   * The checkpoint that was found, unless it is at the start because Redis has lost the generation.
   * Then it counts as removed, until the generations are read again: another one may take its
   * place. If this one was filled, its keys would belong to no generation, and nothing would ever
   * change or remove them, not even when a person is forgotten.
   */
  async #unlessLost({ id }: GenerationWriter, found: Checkpoint): Promise<Checkpoint> {
    if (found.position > 0 || found.frozenBy !== undefined || this.#head === 0) return found;
    const exists = (await this.#deps.generationExists?.(id)) ?? true;
    return exists ? found : { ...startCheckpoint, frozenBy: retiredCheckpoint };
  }

  /**
   * Thaws a checkpoint that has been frozen for too long: the process that froze it may have died.
   */
  async #thawIfOverdue({ id, checkpoint: { frozenBy }, frozenForMs }: GenerationWriter): Promise<void> {
    if (frozenBy === undefined || frozenBy === retiredCheckpoint || frozenForMs < limits.freezeTimeoutMs) return;
    this.#log.warn({ projection: id.name }, 'a checkpoint stayed frozen for too long and is thawed');
    await this.#deps.checkpointFreeze.thawAbandoned(id, this.#partition, frozenBy);
  }
}
