import { changeDocument } from '../orders/change-document.js';
import { decodeCheckpoint } from '../read-models/checkpoint.js';
import {
  chunkOf,
  decodeHistoryEntry,
  type HistoryEntry,
  orderHistory,
  orderHistoryKeys,
} from '../read-models/order-history.js';
import { ReadModelUnavailable } from '../read-models/read-model-unavailable.js';
import type { RedisCommand } from '../read-models/redis/redis-pipeline.js';
import type { AppliedPositions } from './applied-positions.js';
import { queryLimits as limits } from './limits.js';
import { fromLive, type ReadModels } from './live-generation.js';

/** One change of an order, as those who follow get it. */
export interface Change {
  readonly partition: number;
  readonly position: number;
  readonly orderId: string;
  /** Whose order it is, or was: once erased, [erased]. */
  readonly userId: string | undefined;
  /** What came before it of the same order was written anew, without what was personal in it. */
  readonly isErasure: boolean;
  /** A ChangeDocument, as JSON text. */
  readonly json: string;
}

/** Changes in order, and how far in the partition they go: up to there nothing is missing. */
export interface ChangesUpTo {
  readonly changes: readonly Change[];
  readonly upTo: number;
}

/**
 * The changes of all orders, by partition and position, from the order-history read model. A reader that goes on after the
 * position that it got to misses nothing and gets nothing twice, whatever restarts or is rebuilt meanwhile, since positions are the log's.
 * The latest changes are read once for all who follow.
 */
export class ChangeFeed {
  readonly #models: ReadModels;
  readonly #applied: AppliedPositions;
  /** How far the read model is, by partition, as far as is known here. */
  readonly #heads = new Map<number, number>();
  readonly #kept = new Map<number, ChangesUpTo & { readonly after: number }>();
  readonly #reading = new Map<string, Promise<ChangesUpTo>>();
  #followers = 0;
  #unwatch: (() => void) | undefined;
  #poll: NodeJS.Timeout | undefined;
  #wakeTimer: NodeJS.Timeout | undefined;
  #waiting = new Set<() => void>();

  constructor(models: ReadModels, applied: AppliedPositions) {
    this.#models = models;
    this.#applied = applied;
  }

  /** Begins to follow. @returns what ends it. Rejects with ReadModelUnavailable. */
  async follow(): Promise<() => void> {
    this.#followers += 1;
    if (this.#followers === 1) {
      this.#unwatch = this.#applied.watch(orderHistory, (partition, position) => this.#see(partition, position));
      this.#poll = setInterval(() => void this.#look().catch(() => undefined), limits.feedPollIntervalMs);
    }
    let following = true;
    const unfollow = () => {
      if (!following) return;
      following = false;
      this.#followers -= 1;
      if (this.#followers === 0) this.#stop();
    };
    try {
      await this.#look();
    } catch (error) {
      unfollow();
      throw error;
    }
    return unfollow;
  }

  /** How far the changes of a partition are known to go. Only while somebody follows. */
  head(partition: number): number {
    return this.#heads.get(partition) ?? 0;
  }

  /** The next changes after a position, some at a time. Rejects with ReadModelUnavailable. */
  async after(partition: number, position: number): Promise<ChangesUpTo> {
    const kept = this.#kept.get(partition);
    if (kept && position >= kept.after && position < kept.upTo) {
      return { changes: kept.changes.filter((change) => change.position > position), upTo: kept.upTo };
    }
    const name = `${partition}:${position}`;
    const reading =
      this.#reading.get(name) ?? this.#read(partition, position).finally(() => this.#reading.delete(name));
    this.#reading.set(name, reading);
    return reading;
  }

  /** Resolves when some partition has moved on, when `given` aborts, or when the time is over. */
  moved(given: AbortSignal, timeoutMs?: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        given.removeEventListener('abort', done);
        resolve();
      };
      const timer = timeoutMs === undefined ? undefined : setTimeout(done, timeoutMs);
      if (given.aborted) done();
      else {
        this.#waiting.add(done);
        given.addEventListener('abort', done);
      }
    });
  }

  async #look(): Promise<void> {
    const positions = await this.#applied.positions(orderHistory);
    for (const [partition, position] of positions.entries()) this.#see(partition, position);
  }

  #see(partition: number, position: number): void {
    // Never back: a read model that is built anew has yet to get to where it was.
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
    this.#kept.clear();
  }

  async #read(partition: number, after: number): Promise<ChangesUpTo> {
    const wanted = Math.min(after + limits.maxFeedPositions, this.head(partition));
    const read = await fromLive(this.#models, orderHistory, async (live) => {
      const key = orderHistoryKeys(live.keys(partition));
      const [from, to] = [chunkOf(after + 1), chunkOf(wanted)];
      const chunks: number[] = [];
      for (let chunk = from.chunk; chunk <= to.chunk; chunk += 1) chunks.push(chunk);
      // The checkpoint is read before the lists: up to it they are complete.
      const [checkpoint, ...lists] = await live.read([
        ['GET', this.#models.keys.checkpoint(live.id, partition)],
        ...chunks.map((chunk): RedisCommand => {
          const first = chunk === from.chunk ? from.index : 0;
          return ['LRANGE', key.events(chunk), first, chunk === to.chunk ? to.index : -1];
        }),
      ]);
      // Never back: what is behind where the reader is has yet to get there again.
      const upTo = Math.max(after, Math.min(wanted, decodeCheckpoint(checkpoint as string | null).position));
      const entries = lists
        .flatMap((texts, index) =>
          (texts as string[]).flatMap((text) => (text === '' ? [] : decodeHistoryEntry(chunks[index] ?? 0, text))),
        )
        .filter(({ position }) => position <= upTo);
      // Which order it is, and whose, the order's first entry says.
      const firsts = new Map(entries.flatMap((entry) => (isFirst(entry) ? [[entry.position, entry]] : [])));
      const earlier = [...new Set(entries.map(({ firstPosition }) => firstPosition))].filter((one) => !firsts.has(one));
      const texts = await live.read(
        earlier.map((position) => {
          const { chunk, index } = chunkOf(position);
          return ['LINDEX', key.events(chunk), index];
        }),
      );
      for (const [index, position] of earlier.entries()) {
        const text = texts[index];
        if (text) firsts.set(position, decodeHistoryEntry(chunkOf(position).chunk, text as string));
      }
      const changes = entries.map((entry) => changeOf(partition, entry, firsts.get(entry.firstPosition)));
      return { changes, upTo };
    });
    this.#keep(partition, after, read);
    return read;
  }

  /** Keeps what was read at the end of the partition for the others who follow. */
  #keep(partition: number, after: number, read: ChangesUpTo): void {
    const before = this.#kept.get(partition);
    // Nothing is remembered that is to be forgotten: who comes back reads it again, as it is now.
    if (read.changes.some(({ isErasure }) => isErasure)) {
      this.#kept.delete(partition);
      return;
    }
    if (read.upTo < this.head(partition) || (before && before.upTo >= read.upTo)) return;
    const joined = before && before.upTo >= after && before.after <= after;
    const changes = joined
      ? [...before.changes, ...read.changes.filter(({ position }) => position > before.upTo)]
      : read.changes;
    const dropped = changes.length - limits.maxKeptChanges;
    const from = dropped > 0 ? (changes[dropped - 1]?.position ?? after) : joined ? before.after : after;
    this.#kept.set(partition, { changes: changes.slice(Math.max(0, dropped)), upTo: read.upTo, after: from });
  }
}

function isFirst({ position, firstPosition }: HistoryEntry): boolean {
  return position === firstPosition;
}

/** @param first the first entry of the same order. */
function changeOf(partition: number, entry: HistoryEntry, first: HistoryEntry | undefined): Change {
  const { position, firstPosition, version, type, data, metadata, occurred_at, recorded_at } = entry;
  if (first?.orderId === undefined)
    throw new ReadModelUnavailable(`partition ${partition}: there is no first event at position ${firstPosition}`);
  const { orderId } = first;
  return {
    partition,
    position,
    orderId,
    userId: (first.data as { user_id?: string }).user_id,
    isErasure: type === 'OrderPersonErased',
    json: JSON.stringify(
      changeDocument(
        { partition, position },
        { order_id: orderId, version, type, data, actor: metadata.actor, occurred_at, recorded_at },
      ),
    ),
  };
}
