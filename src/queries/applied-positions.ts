import { decodeCheckpoint } from '../read-models/checkpoint.js';
import type { ProjectionId } from '../read-models/keys.js';
import type { Redis } from '../read-models/redis/redis-client.js';
import { queryLimits as limits } from './limits.js';
import { fromLive, lookUpServed, type ReadModels } from './live-generation.js';

interface Waiter {
  readonly partition: number;
  readonly position: number;
  /** Names of the projections that have not got there yet. */
  readonly missing: Set<string>;
  readonly done: (reached: boolean) => void;
}

interface Watcher {
  readonly projection: string;
  readonly moved: (partition: number, position: number) => void;
}

/**
 * Waits until projections have applied a position. Projectors publish each step; since such a message may get lost, the
 * checkpoints of what is waited for are also read from time to time. Every wait is bounded.
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
   * @param subscriber a connection of its own: one that subscribes can't send commands.
   * @param onWait told of each position that is waited for.
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
      if (channel === models.keys.generationsChannel) this.#look(message);
      else for (const line of message.split('\n')) this.#hear(line);
    });
  }

  async start(): Promise<void> {
    await this.#subscriber.subscribe(this.#models.keys.stepsChannel, this.#models.keys.generationsChannel);
  }

  close(): void {
    clearInterval(this.#poll);
    for (const waiters of this.#waiters.values()) for (const waiter of waiters) waiter.done(false);
  }

  /** Tells of each step that becomes visible, as far as messages come. @returns what ends it. */
  watch(projection: ProjectionId, moved: (partition: number, position: number) => void): () => void {
    const watcher: Watcher = { projection: projection.name, moved };
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** How far the live generation of a projection is, by partition. Rejects with ReadModelUnavailable. */
  async positions(projection: ProjectionId): Promise<number[]> {
    const all = Array.from({ length: this.#models.partitions }, (_, partition) => partition);
    const [positions] = await this.#checkpoints([projection], all);
    return positions ?? [];
  }

  /**
   * Waits for a position that is only just being appended. False if the time was over first, or too many wait already.
   * @param projections those that have to have applied it.
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
        done: (reached) => {
          clearTimeout(timer);
          if (!waiters.delete(waiter)) return;
          this.#count -= 1;
          if (this.#count === 0) this.#stopPolling();
          resolve(reached);
        },
      };
      const timer = setTimeout(() => waiter.done(false), timeoutMs);
      waiters.add(waiter);
      this.#onWait(partition, position);
      this.#count += 1;
      this.#poll ??= setInterval(() => void this.#readCheckpoints(), limits.checkpointPollIntervalMs);
    });
  }

  /** Waits for a position that may have been applied long ago: looks at the checkpoints first. Rejects with ReadModelUnavailable. */
  async reached(
    projections: readonly ProjectionId[],
    partition: number,
    position: number,
    timeoutMs: number,
  ): Promise<boolean> {
    const waiting = this.wait(projections, partition, position, timeoutMs);
    const checkpoints = await this.#checkpoints(projections, [partition]);
    if (checkpoints.every(([checkpoint = 0]) => checkpoint >= position)) {
      for (const { name } of projections) this.#applied(name, partition, position);
      return true;
    }
    return waiting;
  }

  /** Only what the live generation has applied is visible to queries. */
  #hear(line: string): void {
    const [projection = '', generation, partition, position] = line.split(' ');
    if (this.#models.served.get(projection)?.generation !== Number(generation)) return;
    this.#applied(projection, Number(partition), Number(position));
    for (const watcher of this.#watchers) {
      if (watcher.projection === projection) watcher.moved(Number(partition), Number(position));
    }
  }

  /** Another generation may be live: look before the next message of it comes. */
  #look(name: string): void {
    const projection = this.#models.projections.find((one) => one.name === name);
    if (projection) void lookUpServed(this.#models, projection).catch(() => undefined);
  }

  #applied(projection: string, partition: number, position: number): void {
    for (const waiter of this.#waiters.get(partition) ?? []) {
      if (waiter.position > position) continue;
      waiter.missing.delete(projection);
      if (waiter.missing.size === 0) waiter.done(true);
    }
  }

  /** The checkpoints of the live generations, a row a projection, in the order of the partitions. */
  #checkpoints(projections: readonly ProjectionId[], partitions: readonly number[]): Promise<number[][]> {
    const { keys } = this.#models;
    return Promise.all(
      projections.map(async (projection) => {
        const texts = await fromLive(this.#models, projection, (live) =>
          live.read(partitions.map((partition) => ['GET', keys.checkpoint(live.id, partition)])),
        );
        return texts.map((text) => decodeCheckpoint(text as string | null).position);
      }),
    );
  }

  async #readCheckpoints(): Promise<void> {
    if (this.#polling) return;
    this.#polling = true;
    try {
      const waited = [...this.#waiters].filter(([, waiters]) => waiters.size > 0).map(([partition]) => partition);
      const { projections } = this.#models;
      const checkpoints = await this.#checkpoints(projections, waited);
      for (const [nth, { name }] of projections.entries()) {
        for (const [index, partition] of waited.entries()) {
          this.#applied(name, partition, checkpoints[nth]?.[index] ?? 0);
        }
      }
    } catch {
      // Redis is away: the waits end by their time-outs.
    } finally {
      this.#polling = false;
    }
  }

  #stopPolling(): void {
    clearInterval(this.#poll);
    this.#poll = undefined;
  }
}
