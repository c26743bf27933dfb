import { decodeCheckpoint } from '../read-models/checkpoint.js';
import type { ProjectionId } from '../read-models/keys.js';
import type { Redis } from '../read-models/redis/redis-client.js';
import { queryLimits as limits } from './limits.js';
import { fromLive, lookUpServed, type ReadModels } from './live-generation.js';

interface Waiter {
  readonly partition: number;
  readonly position: number;
  /** Names of the projections that have not applied the position yet. */
  readonly missing: Set<string>;
  readonly end: (reached: boolean) => void;
}

interface Watcher {
  readonly projection: string;
  readonly moved: (partition: number, position: number) => void;
}

/**
 * Waits until projections have applied a position. Projectors publish each step on a Redis channel.
 * A message may be lost, so waits also read the checkpoints at intervals. Each wait has a timeout.
 */
export class AppliedPositions {
  readonly #models: ReadModels;
  readonly #subscriber: Redis;
  readonly #onWait: (partition: number, position: number) => void;
  readonly #waiters = new Map<number, Set<Waiter>>();
  readonly #watchers = new Set<Watcher>();
  #count = 0;
  #poll: NodeJS.Timeout | undefined;
  #polling = false;

  /**
   * @param subscriber a connection of its own, since a subscribed connection cannot send commands.
   * @param onWait called with each position that a request begins to wait for.
   */
  constructor(
    models: ReadModels,
    subscriber: Redis,
    onWait: (partition: number, position: number) => void = () => undefined,
  ) {
    this.#models = models;
    this.#subscriber = subscriber;
    this.#onWait = onWait;
    subscriber.on('message', (channel: string, message: string) => {
      if (channel === models.keys.generationsChannel) this.#onGenerations(message);
      else for (const line of message.split('\n')) this.#onStep(line);
    });
  }

  async start(): Promise<void> {
    await this.#subscriber.subscribe(this.#models.keys.stepsChannel, this.#models.keys.generationsChannel);
  }

  close(): void {
    clearInterval(this.#poll);
    for (const waiters of this.#waiters.values()) for (const waiter of waiters) waiter.end(false);
  }

  /**
   * Calls `moved` for each step that becomes visible to queries, unless its message is lost.
   * @returns a function that ends the watch.
   */
  watch(projection: ProjectionId, moved: (partition: number, position: number) => void): () => void {
    const watcher: Watcher = { projection: projection.name, moved };
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /**
   * Reads the checkpoints of the live generation of a projection, by partition. Rejects with
   * ReadModelUnavailable.
   */
  async positions(projection: ProjectionId): Promise<number[]> {
    const all = Array.from({ length: this.#models.partitions }, (_, partition) => partition);
    const [positions] = await this.#checkpoints([projection], all);
    return positions ?? [];
  }

  /**
   * Waits for a position that is being appended. Resolves with false after the timeout, or at once
   * if too many requests wait already.
   * @param projections the projections that must have applied the position.
   */
  wait(projections: readonly ProjectionId[], partition: number, position: number, timeoutMs: number): Promise<boolean> {
    if (timeoutMs <= 0 || this.#count >= limits.maxWaiting) return Promise.resolve(false);
    return new Promise((resolve) => {
      const waiters = this.#waiters.get(partition) ?? new Set();
      this.#waiters.set(partition, waiters);
      const waiter: Waiter = {
        partition,
        position,
        missing: new Set(projections.map(({ name }) => name)),
        end: (reached) => {
          clearTimeout(timer);
          if (!waiters.delete(waiter)) return;
          this.#count -= 1;
          if (this.#count === 0) this.#stopPolling();
          resolve(reached);
        },
      };
      const timer = setTimeout(() => waiter.end(false), timeoutMs);
      waiters.add(waiter);
      this.#onWait(partition, position);
      this.#count += 1;
      this.#poll ??= setInterval(() => void this.#readCheckpoints(), limits.checkpointPollIntervalMs);
    });
  }

  /**
   * Waits for a position that may have been applied already: it also reads the checkpoints at once.
   * Rejects with ReadModelUnavailable.
   */
  async reached(
    projections: readonly ProjectionId[],
    partition: number,
    position: number,
    timeoutMs: number,
  ): Promise<boolean> {
    const waiting = this.wait(projections, partition, position, timeoutMs);
    const checkpoints = await this.#checkpoints(projections, [partition]);
    if (checkpoints.every(([checkpoint = 0]) => checkpoint >= position)) {
      for (const { name } of projections) this.#advance(name, partition, position);
      return true;
    }
    return waiting;
  }

  /** Only steps of the live generation count: queries read no other. */
  #onStep(line: string): void {
    const [projection = '', generation, partition, position] = line.split(' ');
    if (this.#models.served.get(projection)?.generation !== Number(generation)) return;
    this.#advance(projection, Number(partition), Number(position));
    for (const watcher of this.#watchers) {
      if (watcher.projection === projection) watcher.moved(Number(partition), Number(position));
    }
  }

  /**
   * Another generation of the projection may be live. It is looked up at once, so that the messages
   * about its steps count.
   */
  #onGenerations(name: string): void {
    const projection = this.#models.projections.find((one) => one.name === name);
    if (projection) void lookUpServed(this.#models, projection).catch(() => undefined);
  }

  /** Ends the waits of a partition that only this projection's position was missing for. */
  #advance(projection: string, partition: number, position: number): void {
    for (const waiter of this.#waiters.get(partition) ?? []) {
      if (waiter.position > position) continue;
      waiter.missing.delete(projection);
      if (waiter.missing.size === 0) waiter.end(true);
    }
  }

  /** Reads the checkpoints of live generations: a row per projection, a column per partition. */
  #checkpoints(projections: readonly ProjectionId[], partitions: readonly number[]): Promise<number[][]> {
    return Promise.all(projections.map((projection) => readPositions(this.#models, projection, partitions)));
  }

  async #readCheckpoints(): Promise<void> {
    if (this.#polling) return;
    this.#polling = true;
    try {
      const partitions = [...this.#waiters].filter(([, waiters]) => waiters.size > 0).map(([partition]) => partition);
      const { projections } = this.#models;
      const checkpoints = await this.#checkpoints(projections, partitions);
      for (const [nth, { name }] of projections.entries()) {
        for (const [index, partition] of partitions.entries()) {
          this.#advance(name, partition, checkpoints[nth]?.[index] ?? 0);
        }
      }
    } catch {
      // Redis is unreachable: the waits end with their timeouts.
    } finally {
      this.#polling = false;
    }
  }

  #stopPolling(): void {
    clearInterval(this.#poll);
    this.#poll = undefined;
  }
}

/**
 * Reads up to which position the live generation of a projection has applied partitions. Rejects
 * with ReadModelUnavailable.
 */
async function readPositions(
  models: ReadModels,
  projection: ProjectionId,
  partitions: readonly number[],
): Promise<number[]> {
  const texts = await fromLive(models, projection, (live) =>
    live.read(partitions.map((partition) => ['GET', models.keys.checkpoint(live.id, partition)])),
  );
  return texts.map((text) => decodeCheckpoint(text as string | null).position);
}

/** The same for one partition. */
export async function appliedPosition(
  models: ReadModels,
  projection: ProjectionId,
  partition: number,
): Promise<number> {
  const [position = 0] = await readPositions(models, projection, [partition]);
  return position;
}
