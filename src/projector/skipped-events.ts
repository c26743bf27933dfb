import { readOperatorEvents } from '../event-log/operators/operator-events.js';
import type { ReadStream } from '../event-log/read/read-stream.js';
import type { StoredEvent } from '../event-log/stored-event.js';
import type { SkippedReport } from '../read-models/report.js';

interface SkippedEvent extends SkippedReport {
  readonly projection: string;
  readonly partition: number;
}

/**
 * The events that operators have decided to skip. A skip covers the event that a projection has
 * stopped on, and all later events of its order: without that event they cannot be folded. The
 * order is damaged in that read model, and the others are exact.
 *
 * The decisions are operator events in the log, so that every later rebuild skips the same events.
 */
export class SkippedEvents {
  readonly #readStream: ReadStream;
  #all: readonly SkippedEvent[] = [];
  /** By projection and event. */
  #events: ReadonlySet<string> = new Set();
  /** By projection and order: the position of the first skipped event. */
  #orders: ReadonlyMap<string, number> = new Map();

  constructor(readStream: ReadStream) {
    this.#readStream = readStream;
  }

  /** Reads all decisions from the log. */
  async load(): Promise<void> {
    const all: SkippedEvent[] = [];
    const events = new Set<string>();
    const orders = new Map<string, number>();
    for await (const { type, data } of readOperatorEvents(this.#readStream)) {
      if (type !== 'ProjectionEventSkipped') continue;
      const { projection, partition, position, order_id: orderId, event_type } = data;
      all.push({ projection, partition, position, orderId, type: event_type });
      events.add(`${projection} ${partition}:${position}`);
      if (orderId === null) continue;
      const key = `${projection} ${orderId}`;
      orders.set(key, Math.min(position, orders.get(key) ?? position));
    }
    this.#all = all;
    this.#events = events;
    this.#orders = orders;
  }

  has(
    projection: string,
    { partition, position, orderId }: Pick<StoredEvent, 'partition' | 'position' | 'orderId'>,
  ): boolean {
    if (this.#all.length === 0) return false;
    const from = this.#orders.get(`${projection} ${orderId}`) ?? Number.POSITIVE_INFINITY;
    return position >= from || this.#events.has(`${projection} ${partition}:${position}`);
  }

  /** The position from which on a projection skips all events of an order, if it skips any. */
  firstOf(projection: string, orderId: string): number | undefined {
    return this.#orders.get(`${projection} ${orderId}`);
  }

  /** The first skipped events of orders in a partition, by projection. */
  of(partition: number): Record<string, SkippedReport[]> {
    const found: Record<string, SkippedReport[]> = {};
    for (const { projection, partition: its, ...skipped } of this.#all) {
      if (its !== partition) continue;
      found[projection] ??= [];
      found[projection].push(skipped);
    }
    return found;
  }
}
