import type { Logger } from 'pino';
import type { CommittedEvents } from '../event-log/append/append.js';
import { RecentEvents } from '../event-log/append/recent-events.js';
import type { LogSettings, Pool } from '../event-log/database.js';
import type { LogHeads } from '../event-log/heads/log-heads.js';
import { PartitionOwnership } from '../event-log/partition-ownership.js';
import { createStreamReader } from '../event-log/read/read-stream.js';
import type { StoredEvent } from '../event-log/stored-event.js';
import { allProjections } from '../projections/all-projections.js';
import type { Projection } from '../projections/projection.js';
import type { Generations } from '../read-models/generations.js';
import { type ReadModelKeys, releaseOf } from '../read-models/keys.js';
import type { Redis } from '../read-models/redis/redis-client.js';
import { pipeline } from '../read-models/redis/redis-pipeline.js';
import type { StoppedReport } from '../read-models/report.js';
import { withTimeout } from '../with-timeout.js';
import { groupGenerations, liveGroup } from './generation-groups.js';
import type { GenerationToFill } from './generation-writer.js';
import { createCheckpointFreeze } from './generations/checkpoint-freeze.js';
import { createGenerationStore, type GenerationStore } from './generations/generation-store.js';
import { RebuildCoordinator } from './generations/rebuild-coordinator.js';
import { projectorLimits as limits } from './limits.js';
import { createLogReader } from './log-reader.js';
import { PartitionProjector, type PartitionProjectorDeps } from './partition-projector.js';
import { partitionReport } from './partition-report.js';
import { createProjectionStore } from './projection-store.js';
import { createEventLoopTurns } from './scheduling/event-loop-turns.js';
import { createLinger } from './scheduling/linger.js';
import { Semaphore } from './scheduling/semaphore.js';
import { SkippedEvents } from './skipped-events.js';

export interface ProjectorOptions {
  readonly url: string;
  readonly settings: LogSettings;
  readonly pool: Pool;
  /** What whole pages of the log are read with: so that commands never wait for one of their connections. */
  readonly rebuildPool: Pool;
  readonly redis: Redis;
  readonly keys: ReadModelKeys;
  readonly logHeads: LogHeads;
  readonly log: Logger;
  /** Named in reports, so that an operator knows where a partition runs. */
  readonly owner: string;
  /** Opens what is sealed in events; by default nothing is. */
  readonly open?: PartitionProjectorDeps['open'];
  readonly projections?: readonly Projection[];
}

/** A partition's projectors: one for the live generations, one for each rebuild. */
interface Running {
  readonly partition: number;
  readonly projectors: Map<string, PartitionProjector>;
}

/**
 * This process's part in projecting. For each partition that it owns it fills the live generation of every projection, and
 * those that are being built.
 */
export class Projector {
  readonly #options: ProjectorOptions;
  readonly #projections: readonly Projection[];
  readonly #release: string;
  readonly #ownership: PartitionOwnership;
  readonly #generations: GenerationStore;
  readonly #skipped: SkippedEvents;
  readonly #recentEvents: RecentEvents;
  /** When this process last appended something. */
  #appendedAtMs = Number.NEGATIVE_INFINITY;
  /** By projection: how often operators had asked to try again, when it was last looked at. */
  readonly #resumes = new Map<string, number>();
  readonly #live: PartitionProjectorDeps;
  readonly #rebuild: PartitionProjectorDeps;
  readonly #running = new Map<number, Running>();
  readonly #stopping = new Map<number, Promise<unknown>>();
  /** What each partition has to fill: targets by group. Undefined until Redis has told for the first time. */
  #groups: ReadonlyMap<string, readonly GenerationToFill[]> | undefined;
  #coordinator: RebuildCoordinator | undefined;
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #timers: NodeJS.Timeout[] = [];
  #closed = false;

  constructor(options: ProjectorOptions) {
    const { url, settings, pool, rebuildPool, redis, keys, logHeads, log } = options;
    this.#options = options;
    this.#projections = options.projections ?? allProjections;
    this.#release = releaseOf(this.#projections);
    this.#generations = createGenerationStore(redis, keys);
    this.#skipped = new SkippedEvents(createStreamReader(pool, settings.partitions));
    this.#recentEvents = new RecentEvents(settings.partitions);
    const deps = {
      keys,
      store: createProjectionStore(redis, keys),
      checkpointFreeze: createCheckpointFreeze(redis, keys),
      logHeads,
      open: options.open ?? (async (events: readonly StoredEvent[]) => [...events]),
      isSkipped: (projection: string, partition: number, position: number) =>
        this.#skipped.has(projection, partition, position),
      yieldToEventLoop: createEventLoopTurns(),
      log,
    };
    const readEvents = createLogReader(pool, rebuildPool, logHeads);
    const semaphoreFromEvents = limits.farBehindEvents;
    const catchUpSemaphore = new Semaphore(limits.maxCatchUpStepsInFlight);
    const rebuildSemaphore = new Semaphore(limits.maxRebuildStepsInFlight, (tookMs) => this.#rebuildPauseMs(tookMs));
    const live = {
      semaphore: catchUpSemaphore,
      semaphoreFromEvents,
      recentEvents: this.#recentEvents,
      linger: createLinger(),
    };
    this.#live = { ...deps, ...live, readEvents };
    // Near the log's end it is about to take over, and nothing holds it up.
    this.#rebuild = { ...deps, semaphore: rebuildSemaphore, semaphoreFromEvents, readEvents };
    this.#ownership = new PartitionOwnership(url, settings, this.#release, log);
    this.#ownership.on('acquired', (partition) => this.#acquired(partition));
    this.#ownership.on('lost', (partition) => this.#lost(partition));
    this.#ownership.drained = async (partition) => {
      // If a step takes longer, the guard in Redis keeps it harmless.
      await withTimeout(limits.stopTimeoutMs, this.#stopping.get(partition) ?? Promise.resolve()).catch(
        () => undefined,
      );
    };
  }

  start(): void {
    this.#ownership.start();
    this.#timers = [
      setInterval(() => void this.#report(), limits.reportIntervalMs),
      setInterval(() => this.look(), limits.generationsIntervalMs),
    ];
    this.look();
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    await this.#looking;
    await this.#coordinator?.stop();
    await this.#ownership.close();
  }

  /** Told by who appends in this process: what it has just appended need neither be notified of nor be read back. */
  committed(committed: CommittedEvents): void {
    this.#appendedAtMs = performance.now();
    if (this.#running.has(committed.partition)) this.#recentEvents.add(committed);
    this.#options.logHeads.advance(committed);
  }

  /** While this process takes commands, its rebuilds leave them room: they rest after a step, for longer than it took. */
  #rebuildPauseMs(tookMs: number): number {
    const takesCommands = performance.now() - this.#appendedAtMs < limits.commandsQuietMs;
    return takesCommands ? Math.min(tookMs * limits.rebuildPauseFactor, limits.maxRebuildPauseMs) : 0;
  }

  /** Told that somebody in this process waits until a position is projected. */
  flushUpTo(partition: number, position: number): void {
    for (const projector of this.#running.get(partition)?.projectors.values() ?? []) projector.flushUpTo(position);
  }

  get ownedPartitions(): ReadonlySet<number> {
    return this.#ownership.owned;
  }

  /** What has stopped in this process's partitions, rebuilds included. */
  stopped(): { partition: number; projection: string; stopped: StoppedReport }[] {
    return this.#projectors().flatMap(({ partition, projector }) =>
      [...projector.stopped].map(([projection, stopped]) => ({ partition, projection, stopped })),
    );
  }

  /** How many events each live generation is behind in this process's partitions: head − checkpoint. */
  lags(): { partition: number; projection: string; lag: number }[] {
    const { heads } = this.#options.logHeads;
    return this.#projectors(liveGroup).flatMap(({ partition, projector }) =>
      [...projector.checkpoints].map(([projection, position]) => ({
        partition,
        projection,
        lag: Math.max(0, (heads.get(partition) ?? 0) - position),
      })),
    );
  }

  /** Looks which generations there are to fill. Called at intervals, and when a message says that they have changed. */
  look(): void {
    if (this.#looking !== undefined) {
      this.#lookAgain = true;
      return;
    }
    this.#looking = this.#look()
      .catch((error: unknown) => this.#options.log.debug({ error: String(error) }, 'generations: Redis did not answer'))
      .finally(() => {
        this.#looking = undefined;
        if (!this.#lookAgain || this.#closed) return;
        this.#lookAgain = false;
        this.look();
      });
  }

  async #look(): Promise<void> {
    // Also where Redis has come back empty: then there is a first generation to open again.
    const by = `version of ${this.#options.owner}`;
    await Promise.all(this.#projections.map((projection) => this.#generations.open(projection, by)));
    const all = await this.#generations.read(this.#projections);
    await this.#resumeIfAsked(all);
    this.#groups = groupGenerations(this.#projections, all);
    if (this.#closed) return;
    for (const running of this.#running.values()) await this.#fill(running);
    await this.#coordinate();
  }

  /** Where operators ask for it, what has stopped is tried again; what they have decided to skip is known by then. */
  async #resumeIfAsked(all: readonly Generations[]): Promise<void> {
    const asked = this.#projections.filter(({ name }, index) => this.#resumes.get(name) !== all[index]?.resumes);
    if (asked.length === 0) return;
    await this.#skipped.load();
    for (const { projector } of this.#projectors()) projector.resume();
    for (const [index, { name }] of this.#projections.entries()) this.#resumes.set(name, all[index]?.resumes ?? 0);
  }

  /** Brings a partition's projectors to what there is to fill: those of before end with their step in hand. */
  async #fill(running: Running): Promise<void> {
    const { partition, projectors } = running;
    const groups = this.#groups ?? new Map<string, readonly GenerationToFill[]>();
    for (const [group, projector] of projectors) {
      if (groups.has(group)) continue;
      projectors.delete(group);
      await projector.stop();
    }
    for (const [group, targets] of groups) {
      if (projectors.has(group) || this.#running.get(partition) !== running) continue;
      const projector = new PartitionProjector(
        group.startsWith(liveGroup) ? this.#live : this.#rebuild,
        partition,
        targets,
      );
      projectors.set(group, projector);
      projector.start();
    }
  }

  async #coordinate(): Promise<void> {
    const { redis, keys, settings, logHeads, log } = this.#options;
    if (!this.#ownership.owned.has(0)) {
      await this.#coordinator?.stop();
      this.#coordinator = undefined;
      return;
    }
    if (this.#coordinator) {
      this.#coordinator.wake();
      return;
    }
    this.#coordinator = new RebuildCoordinator({
      redis,
      keys,
      partitions: settings.partitions,
      projections: this.#projections,
      store: this.#generations,
      checkpointFreeze: this.#live.checkpointFreeze,
      logHeads,
      log,
    });
    this.#coordinator.start();
  }

  #acquired(partition: number): void {
    this.#options.log.debug({ partition }, 'projecting a partition');
    const running: Running = { partition, projectors: new Map() };
    // A partition that comes back while its last step is in hand starts after that step.
    const before = this.#stopping.get(partition) ?? Promise.resolve();
    this.#running.set(partition, running);
    void before.then(() => {
      if (this.#running.get(partition) === running) this.look();
    });
  }

  #lost(partition: number): void {
    const running = this.#running.get(partition);
    if (!running) return;
    this.#running.delete(partition);
    this.#recentEvents.forget(partition);
    const stops = [...running.projectors.values()].map((projector) => projector.stop());
    this.#stopping.set(
      partition,
      Promise.all(stops).finally(() => this.#stopping.delete(partition)),
    );
  }

  #projectors(group?: string): { partition: number; projector: PartitionProjector }[] {
    return [...this.#running.values()].flatMap(({ partition, projectors }) =>
      [...projectors].flatMap(([name, projector]) =>
        group === undefined || name.startsWith(group) ? [{ partition, projector }] : [],
      ),
    );
  }

  /** Tells the queries, which never ask PostgreSQL, how far the log is and what has stopped. */
  async #report(): Promise<void> {
    const { redis, keys, logHeads, owner, log } = this.#options;
    const commands = [...this.#running.values()].map(({ partition, projectors }) => {
      const report = partitionReport(owner, logHeads.heads.get(partition) ?? 0, projectors);
      const key = keys.report(partition, this.#release);
      return ['SET', key, JSON.stringify(report), 'EX', limits.reportLifeSeconds] as const;
    });
    await pipeline(redis, commands).catch((error: unknown) => log.debug({ err: error }, 'no report to Redis'));
  }
}
