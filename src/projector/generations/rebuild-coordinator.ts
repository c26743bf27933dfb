import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { LogHeads } from '../../event-log/heads/log-heads.js';
import { FailureLog } from '../../failure-log.js';
import { type Build, type Generations, servedGeneration } from '../../read-models/generations.js';
import type { GenerationId, ProjectionId, ReadModelKeys } from '../../read-models/keys.js';
import type { Redis } from '../../read-models/redis/redis-client.js';
import { pipeline } from '../../read-models/redis/redis-pipeline.js';
import type { RebuildProgress } from '../../read-models/report.js';
import { projectorLimits as limits } from '../limits.js';
import { WakeSignal } from '../scheduling/wake-signal.js';
import type { CheckpointFreeze } from './checkpoint-freeze.js';
import { positionsOf } from './generation-contents.js';
import type { GenerationStore } from './generation-store.js';
import { removeGeneration } from './remove-generation.js';

export interface CoordinatorDeps {
  readonly redis: Redis;
  readonly keys: ReadModelKeys;
  readonly partitions: number;
  readonly projections: readonly ProjectionId[];
  readonly store: GenerationStore;
  readonly checkpointFreeze: CheckpointFreeze;
  readonly logHeads: Pick<LogHeads, 'heads' | 'readHeads'>;
  readonly log: Logger;
}

interface Sample {
  readonly atMs: number;
  readonly done: number;
}

/**
 * Coordinates rebuilds: measures their progress, flips generations that have caught up, and removes
 * retired generations. It runs in the owner of partition 0, so there is one per release. If two run
 * for a moment, nothing breaks, because each change of Redis is atomic and checks its precondition.
 *
 * A rebuild of generation g for one version takes these steps. All that is needed to continue is in
 * Redis, in the fields of read-models/generations.ts and in the checkpoints.
 *
 * 1. Request, by any process: sets `next:<version>` to g, with `build:<version>`. The rebuild no
 *    longer depends on that process.
 * 2. Fill, by the owner of each partition: steps move the checkpoint of g. After a crash the next
 *    owner of the partition continues from that checkpoint.
 * 3. Measure, by the coordinator: stores the progress for queries. After a crash the next
 *    coordinator measures; it needs two samples to know the speed.
 * 4. Announce, by the coordinator, once g has nearly caught up (`maxFlipLagEvents`) in every
 *    partition: sets `flip:<version>` to a new token. A token that a crash leaves has no effect.
 *    The next announcement replaces it.
 * 5. Freeze, by the coordinator: adds the token to the checkpoints of the served generation. After
 *    a crash each owner waits for `freezeTimeoutMs`, releases the token and thaws its checkpoint.
 *    Until then the next coordinator finds a foreign token and gives its own attempt up.
 * 6. Wait, by the coordinator: until g has reached every frozen position, so that no reader sees
 *    data go back. A frozen position beyond the end of the log cannot be reached: the log went
 *    back, and g has to reach its end. After `flipTimeoutMs` it releases the token, thaws, and
 *    retries from step 3. After a crash: as in step 5.
 * 7. Flip, by the coordinator: one script makes g live and retires the version's live generation.
 *    It does nothing if the build was cancelled or the token released.
 * 8. Thaw, by the coordinator, only if the frozen generation stays in use: the flip failed, or the
 *    generation is the live one of another version. After a crash: as in step 5.
 * 9. Remove, by any coordinator, `retiredGraceMs` after the retirement: deletes the keys, then the
 *    field `retired:<generation>`. After a crash the next coordinator starts this step again.
 *
 * Cancelling, by any process, is possible until step 7: it deletes the fields of the build and
 * retires g. If Redis loses its data, the request is lost with it; the first generation is filled
 * again.
 */
export class RebuildCoordinator {
  readonly #deps: CoordinatorDeps;
  /** Recent progress of each rebuild, by `projection:generation`. */
  readonly #samples = new Map<string, Sample[]>();
  #stopping = false;
  #running: Promise<void> | undefined;
  #removing: Promise<void> | undefined;
  readonly #wakeSignal = new WakeSignal();
  readonly #failures: FailureLog;

  constructor(deps: CoordinatorDeps) {
    this.#deps = deps;
    this.#failures = new FailureLog(deps.log, {
      failing: 'coordinating rebuilds: Redis did not respond; it is tried again',
      over: 'coordinating rebuilds: Redis responds again',
    });
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wakeSignal.notify();
    await this.#running;
    await this.#removing;
  }

  /** Ends the pause between two readings: a generation has changed. */
  wake(): void {
    this.#wakeSignal.notify();
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      let building = false;
      try {
        building = await this.#coordinate();
        this.#failures.succeeded();
      } catch (error) {
        if (!this.#stopping) this.#failures.failed(error);
      }
      if (this.#stopping) return;
      await this.#wakeSignal.wait(building ? limits.coordinateIntervalMs : limits.reportIntervalMs);
    }
  }

  /** One round over all projections. Resolves with true while a generation is being built. */
  async #coordinate(): Promise<boolean> {
    const { store, projections } = this.#deps;
    const all = await store.read(projections);
    // Memory is freed first. If Redis has none left, it refuses everything that follows.
    for (const [index, projection] of projections.entries()) {
      const generations = all[index];
      if (!generations) continue;
      if ([...generations.live.keys(), ...generations.next.keys()].some((version) => version !== projection.version)) {
        await store.retireVersions(projection);
      }
      if (generations.retired.size > 0) await this.#removeRetired(projection);
    }
    let building = false;
    for (const [index, projection] of projections.entries()) {
      const generations = all[index];
      const build = generations?.next.get(projection.version);
      if (!generations || !build) continue;
      building = true;
      await this.#advance(projection, generations, build);
    }
    if (!building) this.#samples.clear();
    return building;
  }

  /** Stores the progress of a build (step 3), and flips it once it has nearly caught up. */
  async #advance(projection: ProjectionId, generations: Generations, build: Build): Promise<void> {
    const { logHeads, partitions, redis, keys } = this.#deps;
    const id = { name: projection.name, generation: build.generation };
    const built = await this.#positions(id);
    const heads = Array.from({ length: partitions }, (_, partition) => logHeads.heads.get(partition) ?? 0);
    await pipeline(redis, [['SET', keys.progress(projection.name), JSON.stringify(this.#measure(id, built, heads))]]);
    if (heads.every((head, partition) => (built[partition] ?? 0) >= head - limits.maxFlipLagEvents)) {
      await this.#flip(projection, generations, build);
    }
  }

  #measure(id: GenerationId, built: readonly number[], heads: readonly number[]): RebuildProgress {
    const sum = (positions: readonly number[]) => positions.reduce((total, position) => total + position, 0);
    const now = { atMs: performance.now(), done: sum(built) };
    const build = `${id.name}:${id.generation}`;
    const samples = [...(this.#samples.get(build) ?? []), now].slice(-limits.maxRateSamples);
    this.#samples.set(build, samples);
    const first = samples[0] ?? now;
    const seconds = (now.atMs - first.atMs) / 1000;
    return {
      generation: id.generation,
      events_done: now.done,
      events_total: Math.max(sum(heads), now.done),
      // A partition that begins again has fewer events done than before.
      events_per_second: seconds > 0 ? Math.max(0, Math.round((now.done - first.done) / seconds)) : null,
      reported_at: new Date().toISOString(),
    };
  }

  /**
   * Makes a generation live (steps 4 to 8). The generation that queries read is frozen meanwhile,
   * so that the new one reaches or passes its position in every partition.
   */
  async #flip(projection: ProjectionId, generations: Generations, build: Build): Promise<void> {
    const { store, checkpointFreeze, log } = this.#deps;
    const served = servedGeneration(generations, projection.version);
    const token = randomUUID();
    const next = { name: projection.name, generation: build.generation };
    const live = served && { name: projection.name, generation: served.generation };
    await store.announceFlip(projection, token);
    let flipped = false;
    try {
      const wanted = live ? await this.#frozenPositions(live, token) : await this.#heads();
      if (wanted && (await this.#reaches(next, wanted))) {
        flipped = await store.flip(projection, build.generation, token, live?.generation);
      }
    } finally {
      // A replaced generation stays frozen until it is removed. One of another version is still
      // filled.
      const staysInUse = live && (!flipped || served?.version !== projection.version);
      if (!flipped) await checkpointFreeze.releaseFlip(projection.name, token);
      if (staysInUse) await this.#forAll((partition) => checkpointFreeze.thaw(live, partition, token));
    }
    if (!flipped) return;
    log.info({ projection: projection.name, generation: build.generation }, 'a rebuilt read model is live');
  }

  /** The positions at which the served generation is frozen; undefined if that is not possible. */
  async #frozenPositions(live: GenerationId, token: string): Promise<readonly number[] | undefined> {
    const frozenAt = await this.#freezeAll(live, token);
    return frozenAt && (await this.#reachable(frozenAt));
  }

  /**
   * The present end of the log. If no generation is served, as after going back to an older
   * version, a build has to reach it before queries may read it. Undefined if the heads cannot be
   * read.
   */
  async #heads(): Promise<readonly number[] | undefined> {
    const { logHeads, partitions } = this.#deps;
    if (!(await logHeads.readHeads())) return undefined;
    return Array.from({ length: partitions }, (_, partition) => logHeads.heads.get(partition) ?? 0);
  }

  /**
   * Freezes all partitions. Resolves with the positions, or undefined if another token holds one.
   */
  async #freezeAll(id: GenerationId, token: string): Promise<number[] | undefined> {
    const checkpoints = await this.#forAll((partition) => this.#deps.checkpointFreeze.freeze(id, partition, token));
    const positions = checkpoints.flatMap((checkpoint) => (checkpoint ? [checkpoint.position] : []));
    return positions.length === checkpoints.length ? positions : undefined;
  }

  /**
   * Limits positions to the end of the log. Resolves with undefined if the heads cannot be read.
   */
  async #reachable(positions: readonly number[]): Promise<readonly number[] | undefined> {
    const { logHeads } = this.#deps;
    const head = (partition: number) => logHeads.heads.get(partition) ?? 0;
    if (positions.every((position, partition) => position <= head(partition))) return positions;
    if (!(await logHeads.readHeads())) return undefined;
    return positions.map((position, partition) => Math.min(position, head(partition)));
  }

  /**
   * Waits until a generation has reached these positions. Resolves with false after the time-out.
   */
  async #reaches(id: GenerationId, positions: readonly number[]): Promise<boolean> {
    const deadlineMs = performance.now() + limits.flipTimeoutMs;
    while (!this.#stopping && performance.now() < deadlineMs) {
      const reached = await this.#positions(id);
      if (positions.every((position, partition) => (reached[partition] ?? 0) >= position)) return true;
      await new Promise((resolve) => setTimeout(resolve, limits.flipCheckIntervalMs));
    }
    return false;
  }

  #positions(id: GenerationId): Promise<number[]> {
    const { redis, keys, partitions } = this.#deps;
    return positionsOf(redis, keys, id, partitions);
  }

  #forAll<T>(task: (partition: number) => Promise<T>): Promise<T[]> {
    return Promise.all(Array.from({ length: this.#deps.partitions }, (_, partition) => task(partition)));
  }

  /**
   * Starts the removal of one retired generation (step 9) in the background, unless one is running.
   */
  async #removeRetired(projection: ProjectionId): Promise<void> {
    if (this.#removing !== undefined) return;
    const { redis, keys, partitions, store, log } = this.#deps;
    const id = await store.dueRemoval(projection);
    if (!id) return;
    this.#removing = removeGeneration(redis, keys, partitions, id, () => this.#stopping)
      .then(async (removed) => {
        if (!removed) return;
        await store.forgetRetired(id);
        log.info({ projection: id.name, generation: id.generation }, 'a retired generation has been removed');
      })
      .catch((error: unknown) => this.#failures.failed(error))
      .finally(() => {
        this.#removing = undefined;
      });
  }
}
