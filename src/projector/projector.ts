import type { CommittedEvents } from '../event-log/append/append.js';
import { RecentEvents } from '../event-log/append/recent-events.js';
import { PartitionOwnership } from '../event-log/partition-ownership.js';
import { createStreamReader } from '../event-log/read/read-stream.js';
import { allProjections } from '../projections/all-projections.js';
import type { Projection } from '../projections/projection.js';
import type { Generations } from '../read-models/generations.js';
import { releaseOf } from '../read-models/keys.js';
import type { Redis } from '../read-models/redis/redis-client.js';
import { pipeline } from '../read-models/redis/redis-pipeline.js';
import type { StoppedReport } from '../read-models/report.js';
import { withTimeout } from '../with-timeout.js';
import { groupGenerations, liveGroup } from './generation-groups.js';
import type { CheckpointFreeze } from './generations/checkpoint-freeze.js';
import { createGenerationStore, type GenerationStore } from './generations/generation-store.js';
import { GenerationWatcher } from './generations/generation-watcher.js';
import { LostGenerations } from './generations/lost-generations.js';
import { RebuildCoordinator } from './generations/rebuild-coordinator.js';
import { projectorLimits as limits } from './limits.js';
import { OwnedPartitions } from './owned-partitions.js';
import { createPartitionProjectorDeps } from './partition-projector-deps.js';
import { reportCommands } from './partition-report.js';
import type { ProjectorOptions } from './projector-options.js';
import { RebuildPause } from './scheduling/rebuild-pause.js';
import { SkippedEvents } from './skipped-events.js';

/**
 * The share of one process in projecting. For each partition that the process owns, it fills the
 * live generation of every projection and the generations that are being built. The owner of
 * partition 0 also coordinates rebuilds.
 */
export class Projector {
  readonly #options: ProjectorOptions;
  readonly #projections: readonly Projection[];
  /** The projections and their versions: processes of one release share the partitions. */
  readonly #release: string;
  readonly #ownership: PartitionOwnership;
  readonly #owned: OwnedPartitions;
  readonly #store: GenerationStore;
  readonly #watcher: GenerationWatcher;
  readonly #lost: LostGenerations;
  readonly #checkpointFreeze: CheckpointFreeze;
  readonly #skipped: SkippedEvents;
  readonly #recentEvents: RecentEvents;
  readonly #rebuildPause = new RebuildPause();
  /** By projection: the value of `resumes` in Redis when it was last read. */
  readonly #resumes = new Map<string, number>();
  /** Runs while this process owns partition 0. */
  #coordinator: RebuildCoordinator | undefined;
  #reportTimer: NodeJS.Timeout | undefined;
  #reportSoon: NodeJS.Immediate | undefined;

  constructor(options: ProjectorOptions) {
    const { database, settings, pool, redis, keys, log } = options;
    this.#options = options;
    this.#projections = options.projections ?? allProjections;
    this.#release = releaseOf(this.#projections);
    this.#store = createGenerationStore(redis, keys, pool);
    this.#lost = new LostGenerations(this.#store, this.#projections);
    this.#skipped = new SkippedEvents(createStreamReader(pool, settings));
    this.#recentEvents = new RecentEvents(settings.partitions);
    const { live, rebuild } = createPartitionProjectorDeps(options, {
      recentEvents: this.#recentEvents,
      skipped: this.#skipped,
      rebuildPause: this.#rebuildPause,
    });
    this.#checkpointFreeze = live.checkpointFreeze;
    this.#owned = new OwnedPartitions(live, rebuild);
    this.#watcher = new GenerationWatcher({
      keys,
      store: this.#store,
      projections: this.#projections,
      requestedBy: `version of ${options.owner}`,
      onRead: (generations) => this.#follow(generations),
      log,
    });
    this.#ownership = new PartitionOwnership(database, settings, this.#release, log);
    this.#ownership.on('acquired', (partition) => void this.#onAcquired(partition));
    this.#ownership.on('lost', (partition) => this.#onLost(partition));
    for (const change of ['acquired', 'lost'] as const) {
      this.#ownership.on(change, () => options.observer?.ownership(change));
    }
    this.#ownership.drained = async (partition) => {
      // A step that takes longer is harmless: the guard of redis/apply-steps.lua rejects late
      // owners.
      await withTimeout(limits.stopTimeoutMs, this.#owned.drained(partition)).catch(() => undefined);
    };
  }

  /**
   * @param subscriber a connection for subscribing; without one, changes of generations are found
   *   at intervals.
   */
  start(subscriber?: Redis): void {
    this.#ownership.start();
    this.#reportTimer = setInterval(() => void this.#report(), limits.reportIntervalMs);
    this.#watcher.start(subscriber);
  }

  async close(): Promise<void> {
    clearInterval(this.#reportTimer);
    clearImmediate(this.#reportSoon);
    await this.#watcher.close();
    await this.#coordinator?.stop();
    await this.#ownership.close();
  }

  /**
   * Adds events that this process has just committed. Its own projectors take them from memory, and
   * wait for no notification.
   */
  addCommitted(committed: CommittedEvents): void {
    this.#rebuildPause.noteAppend();
    if (this.#owned.has(committed.partition)) this.#recentEvents.add(committed);
    this.#options.logHeads.advance(committed);
  }

  /**
   * Ends delays of the steps up to a position: a request of this process waits until it is
   * projected.
   */
  flushUpTo(partition: number, position: number): void {
    this.#owned.flushUpTo(partition, position);
  }

  get ownedPartitions(): ReadonlySet<number> {
    return this.#ownership.owned;
  }

  /** The projections that have stopped in the partitions of this process, rebuilds included. */
  stoppedProjections(): { partition: number; projection: string; stopped: StoppedReport }[] {
    return this.#owned
      .projectors()
      .flatMap(({ partition, projector }) =>
        [...projector.stopped].map(([projection, stopped]) => ({ partition, projection, stopped })),
      );
  }

  /**
   * The events (head − checkpoint) by which each live generation lags in the partitions of this
   * process.
   */
  lags(): { partition: number; projection: string; lag: number }[] {
    const { heads } = this.#options.logHeads;
    return this.#owned.projectors(liveGroup).flatMap(({ partition, projector }) =>
      [...projector.checkpoints].map(([projection, position]) => ({
        partition,
        projection,
        lag: Math.max(0, (heads.get(partition) ?? 0) - position),
      })),
    );
  }

  async #onAcquired(partition: number): Promise<void> {
    this.#options.log.debug({ partition }, 'projecting a partition');
    const acquired = this.#owned.acquire(partition);
    // The partition is unowned for everybody until this process reports.
    this.#reportSoon ??= setImmediate(() => {
      this.#reportSoon = undefined;
      void this.#report();
    });
    await acquired;
    this.#watcher.refresh();
  }

  #onLost(partition: number): void {
    this.#owned.release(partition);
    this.#recentEvents.forget(partition);
  }

  /** Brings the projectors and the coordinator in line with the generations that exist. */
  async #follow(generations: readonly Generations[]): Promise<void> {
    await this.#resumeIfAsked(generations);
    await this.#owned.fill(groupGenerations(this.#projections, generations));
    await this.#lost.retire(generations);
    await this.#coordinate();
  }

  /**
   * Retries stopped projections if an operator has asked for it, after loading which events are
   * skipped.
   */
  async #resumeIfAsked(all: readonly Generations[]): Promise<void> {
    const asked = this.#projections.filter(({ name }, index) => this.#resumes.get(name) !== all[index]?.resumes);
    if (asked.length === 0) return;
    await this.#skipped.load();
    for (const { projector } of this.#owned.projectors()) projector.resume();
    for (const [index, { name }] of this.#projections.entries()) this.#resumes.set(name, all[index]?.resumes ?? 0);
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
      store: this.#store,
      checkpointFreeze: this.#checkpointFreeze,
      logHeads,
      log,
    });
    this.#coordinator.start();
  }

  async #report(): Promise<void> {
    const { redis, keys, logHeads, owner, log } = this.#options;
    const reporter = { keys, owner, release: this.#release };
    const commands = reportCommands(reporter, this.#owned, logHeads.heads, this.#skipped);
    await pipeline(redis, commands).catch((error: unknown) => log.debug({ err: error }, 'no report to Redis'));
  }
}
