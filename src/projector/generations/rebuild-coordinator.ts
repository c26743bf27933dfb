import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { LogHeads } from '../../event-log/heads/log-heads.js';
import { type Build, type Generations, servedGeneration } from '../../read-models/generations.js';
import type { GenerationId, ProjectionId, ReadModelKeys } from '../../read-models/keys.js';
import type { Redis } from '../../read-models/redis/redis-client.js';
import { pipeline } from '../../read-models/redis/redis-pipeline.js';
import type { RebuildProgress } from '../../read-models/report.js';
import { projectorLimits as limits } from '../limits.js';
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
  readonly logHeads: Pick<LogHeads, 'heads'>;
  readonly log: Logger;
}

interface Sample {
  readonly atMs: number;
  readonly done: number;
}

/**
 * Brings rebuilds to their end: watches how far they are, makes what was built the live generation, and removes what is
 * left behind. Runs in one process, the owner of partition 0. Should two do it for a moment, nothing breaks: every
 * step is a script that finds out whether it still holds.
 */
export class RebuildCoordinator {
  readonly #deps: CoordinatorDeps;
  /** How far each rebuild was lately, by `projection:generation`. */
  readonly #samples = new Map<string, Sample[]>();
  #stopping = false;
  #running: Promise<void> | undefined;
  #removing: Promise<void> | undefined;
  #wake: (() => void) | undefined;

  constructor(deps: CoordinatorDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wake?.();
    await this.#running;
    await this.#removing;
  }

  /** Looks again now: something has changed. */
  wake(): void {
    this.#wake?.();
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      let building = false;
      try {
        building = await this.#coordinate();
      } catch (error) {
        if (!this.#stopping)
          this.#deps.log.warn({ error: String(error) }, 'coordinating rebuilds: Redis did not answer');
      }
      await new Promise<void>((resolve) => {
        if (this.#stopping) resolve();
        const timer = setTimeout(resolve, building ? limits.coordinateIntervalMs : limits.reportIntervalMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** True while something is being built. */
  async #coordinate(): Promise<boolean> {
    const { store, projections } = this.#deps;
    const all = await store.read(projections);
    let building = false;
    for (const [index, projection] of projections.entries()) {
      const generations = all[index];
      if (!generations) continue;
      if ([...generations.live.keys(), ...generations.next.keys()].some((version) => version < projection.version)) {
        await store.retireVersions(projection);
      }
      this.#removeRetired(projection, generations);
      const build = generations.next.get(projection.version);
      if (!build) continue;
      building = true;
      await this.#advance(projection, generations, build);
    }
    if (!building) this.#samples.clear();
    return building;
  }

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
    const now = { atMs: Date.now(), done: sum(built) };
    const of = `${id.name}:${id.generation}`;
    const samples = [...(this.#samples.get(of) ?? []), now].slice(-limits.maxRateSamples);
    this.#samples.set(of, samples);
    const first = samples[0] ?? now;
    const seconds = (now.atMs - first.atMs) / 1000;
    return {
      generation: id.generation,
      events_done: now.done,
      events_total: Math.max(sum(heads), now.done),
      events_per_second: seconds > 0 ? Math.round((now.done - first.done) / seconds) : null,
      reported_at: new Date(now.atMs).toISOString(),
    };
  }

  /**
   * Makes a generation live that has nearly caught up. The one that queries are answered from stands still for this moment,
   * so the new one gets to where it is, or beyond, in every partition: a reader sees nothing go back.
   */
  async #flip(projection: ProjectionId, generations: Generations, build: Build): Promise<void> {
    const { store, checkpointFreeze, partitions, log } = this.#deps;
    const served = servedGeneration(generations, projection.version);
    const token = randomUUID();
    const next = { name: projection.name, generation: build.generation };
    const live = served && { name: projection.name, generation: served.generation };
    await store.announceFlip(projection, token);
    let flipped = false;
    try {
      const frozenAt = live ? await this.#freezeAll(live, token) : Array.from({ length: partitions }, () => 0);
      if (frozenAt && (await this.#reaches(next, frozenAt))) {
        flipped = await store.flip(projection, build.generation, token);
      }
    } finally {
      // A generation that was replaced stays as it is until it is removed; another version's own processes go on with theirs.
      const goesOn = live && (!flipped || served?.version !== projection.version);
      if (!flipped) await checkpointFreeze.releaseFlip(projection.name, token);
      if (goesOn) await this.#forAll((partition) => checkpointFreeze.thaw(live, partition, token));
    }
    if (!flipped) return;
    log.info({ projection: projection.name, generation: build.generation }, 'a rebuilt read model is live');
  }

  /** The positions where the generation stands still now; undefined where somebody else holds it. */
  async #freezeAll(id: GenerationId, token: string): Promise<number[] | undefined> {
    const checkpoints = await this.#forAll((partition) => this.#deps.checkpointFreeze.freeze(id, partition, token));
    const positions = checkpoints.flatMap((checkpoint) => (checkpoint ? [checkpoint.position] : []));
    return positions.length === checkpoints.length ? positions : undefined;
  }

  /** Waits, not for long, until a generation has reached these positions. */
  async #reaches(id: GenerationId, positions: readonly number[]): Promise<boolean> {
    const deadline = Date.now() + limits.flipTimeoutMs;
    while (!this.#stopping && Date.now() < deadline) {
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

  /** Removes, one after the other and beside everything else, what has been left for long enough that every owner knows. */
  #removeRetired({ name }: ProjectionId, { retired }: Generations): void {
    if (this.#removing !== undefined) return;
    const { redis, keys, partitions, store, log } = this.#deps;
    const due = [...retired].find(([, fromMs]) => fromMs + limits.retiredGraceMs < Date.now());
    if (!due) return;
    const id = { name, generation: due[0] };
    this.#removing = removeGeneration(redis, keys, partitions, id, () => this.#stopping)
      .then(async (removed) => {
        if (!removed) return;
        await store.forgetRetired(id);
        log.info({ projection: name, generation: id.generation }, 'a replaced generation has been removed');
      })
      .catch((error: unknown) => log.warn({ error: String(error) }, 'removing a generation: Redis did not answer'))
      .finally(() => {
        this.#removing = undefined;
      });
  }
}
