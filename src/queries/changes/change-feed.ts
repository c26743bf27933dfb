import { FairSemaphore } from '../../fair-semaphore.js';
import { orderHistory } from '../../read-models/order-history.js';
import type { AppliedPositions } from '../applied-positions.js';
import { queryLimits as limits } from '../limits.js';
import type { ReadModels } from '../live-generation.js';
import { type Change, type ChangesUpTo, readChanges } from './read-changes.js';

/** By partition: all changes after `after` and up to `upTo`. */
type RecentChanges = Map<number, ChangesUpTo & { readonly after: number }>;

/**
 * The changes of all orders, by partition and position, from the read model order-history. A reader
 * that continues after its last position misses no change and receives none twice. That holds
 * across restarts and rebuilds, since positions belong to the log. The newest changes of each
 * partition are kept in memory, so that all followers share one read.
 */
export class ChangeFeed {
  readonly #models: ReadModels;
  readonly #applied: AppliedPositions;
  /** The highest known position of the read model, by partition. */
  readonly #heads = new Map<number, number>();
  /**
   * The newest changes of each partition. Empty while nobody follows: erasures are not noticed
   * then, so the personal data in it would stay.
   */
  #recent: RecentChanges = new Map();
  /** Reads in flight, by `partition:position`: readers at the same position share one. */
  readonly #reads = new Map<string, Promise<ChangesUpTo>>();
  /** Bounds the memory of reads in flight, however many followers catch up. */
  readonly #reading = new FairSemaphore(limits.maxFeedReadsInFlight);
  #followers = 0;
  #unwatch: (() => void) | undefined;
  #poll: NodeJS.Timeout | undefined;
  #wakeTimer: NodeJS.Timeout | undefined;
  #waiting = new Set<() => void>();

  constructor(models: ReadModels, applied: AppliedPositions) {
    this.#models = models;
    this.#applied = applied;
  }

  /** Starts to follow. @returns a function that ends it. Rejects with ReadModelUnavailable. */
  async follow(): Promise<() => void> {
    this.#followers += 1;
    if (this.#followers === 1) {
      this.#unwatch = this.#applied.watch(orderHistory, (partition, position) => this.#advance(partition, position));
      this.#poll = setInterval(() => void this.#readHeads().catch(() => undefined), limits.feedPollIntervalMs);
    }
    let following = true;
    const unfollow = () => {
      if (!following) return;
      following = false;
      this.#followers -= 1;
      if (this.#followers === 0) this.#stop();
    };
    try {
      await this.#readHeads();
    } catch (error) {
      unfollow();
      throw error;
    }
    return unfollow;
  }

  /**
   * The position up to which changes of a partition can be read. Known only while somebody follows.
   */
  head(partition: number): number {
    return this.#heads.get(partition) ?? 0;
  }

  /**
   * Returns the next changes after a position, within `maxFeedPositions` and `maxFeedBytes`.
   * Rejects with ReadModelUnavailable.
   */
  async after(partition: number, position: number): Promise<ChangesUpTo> {
    const recent = this.#recent.get(partition);
    if (recent && position >= recent.after && position < recent.upTo) {
      return nextOf(recent, position);
    }
    const name = `${partition}:${position}`;
    const read = this.#reads.get(name) ?? this.#read(partition, position).finally(() => this.#reads.delete(name));
    this.#reads.set(name, read);
    return read;
  }

  /** Resolves when a partition's head has moved, when the signal aborts, or after the timeout. */
  moved(signal: AbortSignal, timeoutMs?: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = timeoutMs === undefined ? undefined : setTimeout(done, timeoutMs);
      if (signal.aborted) done();
      else {
        this.#waiting.add(done);
        signal.addEventListener('abort', done);
      }
    });
  }

  async #readHeads(): Promise<void> {
    const positions = await this.#applied.positions(orderHistory);
    for (const [partition, position] of positions.entries()) this.#advance(partition, position);
  }

  #advance(partition: number, position: number): void {
    // A rebuilt read model may still be behind the earlier one: the head never goes back.
    if (position <= this.head(partition)) return;
    this.#heads.set(partition, position);
    this.#wakeTimer ??= setTimeout(() => {
      this.#wakeTimer = undefined;
      for (const wake of [...this.#waiting]) wake();
    }, limits.feedWakeIntervalMs);
  }

  #stop(): void {
    this.#unwatch?.();
    clearInterval(this.#poll);
    clearTimeout(this.#wakeTimer);
    this.#wakeTimer = undefined;
    this.#heads.clear();
    // A new map, since a read that is in flight still adds to the old one.
    this.#recent = new Map();
  }

  async #read(partition: number, after: number): Promise<ChangesUpTo> {
    const recent = this.#recent;
    const to = Math.min(after + limits.maxFeedPositions, this.head(partition));
    const read = await this.#reading.run(String(partition), 1, () => readChanges(this.#models, partition, after, to));
    this.#remember(recent, partition, after, read);
    return read;
  }

  /** Keeps changes that were read at the end of a partition, for the other followers. */
  #remember(recent: RecentChanges, partition: number, after: number, read: ChangesUpTo): void {
    const before = recent.get(partition);
    // An erasure rewrote earlier changes of its order. Nothing of the partition stays in memory, so
    // that followers read it again without the personal data.
    if (read.changes.some(({ isErasure }) => isErasure)) {
      recent.delete(partition);
      return;
    }
    if (read.upTo < this.head(partition) || (before && before.upTo >= read.upTo)) return;
    const joined = before && before.upTo >= after && before.after <= after;
    const changes = joined
      ? [...before.changes, ...read.changes.filter(({ position }) => position > before.upTo)]
      : read.changes;
    const dropped = changes.length - this.#keptCount(changes);
    const from = dropped > 0 ? (changes[dropped - 1]?.position ?? after) : joined ? before.after : after;
    recent.set(partition, { changes: changes.slice(Math.max(0, dropped)), upTo: read.upTo, after: from });
  }

  /** How many of these changes stay in memory: the newest ones within the limits. */
  #keptCount(changes: readonly Change[]): number {
    const maxLength = limits.maxKeptLength / this.#models.partitions;
    let kept = 0;
    let length = 0;
    while (kept < Math.min(changes.length, limits.maxKeptChanges)) {
      length += changes[changes.length - 1 - kept]?.json.length ?? 0;
      if (length > maxLength) break;
      kept += 1;
    }
    return kept;
  }
}

/** The next changes after a position, up to `maxFeedBytes`: a slow follower holds few of them. */
function nextOf({ changes, upTo }: ChangesUpTo, position: number): ChangesUpTo {
  const first = changes.findIndex((change) => change.position > position);
  if (first < 0) return { changes: [], upTo };
  let length = 0;
  let end = first;
  while (end < changes.length && (length < limits.maxFeedBytes || end === first)) {
    length += changes[end]?.json.length ?? 0;
    end += 1;
  }
  const next = changes[end];
  return { changes: changes.slice(first, end), upTo: next ? next.position - 1 : upTo };
}
