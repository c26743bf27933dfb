import type { LossRecord, StreamRecord } from '../history.js';
import { groupBy } from './group-by.js';
import { isOrderEvent, type Log, type LogEvent } from './log.js';
import { parsePosition } from './operations.js';

/** An event as streams and webhooks send it. */
export interface Change {
  order_id: string;
  version: number;
  type: string;
  data: unknown;
  occurred_at: string;
  recorded_at: string;
  position: string;
}

interface Reset {
  lost?: { partition: number; after: number; up_to: number }[];
}

/**
 * Every reader got every change of an order once and in order, from the first event of the log to
 * the last one. Readers have opened their streams before the first command.
 */
export function checkStreams(
  records: readonly StreamRecord[],
  log: Log,
  losses: readonly LossRecord[],
  count: (what: string) => void,
): string[] {
  const feed = new Feed(log);
  const readers = groupBy(records, (record) => record.reader);
  return [...readers].flatMap(([reader, received]) => checkReader(`reader ${reader}`, received, feed, losses, count));
}

/** A proxy that delays everything may deliver a message this long after the loss was recorded. */
const lateMs = 5_000;

function checkReader(
  name: string,
  records: readonly StreamRecord[],
  feed: Feed,
  losses: readonly LossRecord[],
  count: (what: string) => void,
): string[] {
  const anomalies: string[] = [];
  const last = new Map<number, number>();
  for (const record of records) {
    if (record.event === 'reset') {
      const { lost } = record.data as Reset;
      if (!lost) anomalies.push(`${name} may have missed changes: ${JSON.stringify(record.data)}.`);
      for (const { partition, after } of lost ?? []) last.set(partition, Math.min(last.get(partition) ?? 0, after));
      count('resets');
    }
    if (record.event !== 'message') continue;
    const change = record.data as Change;
    const { partition, position } = parsePosition(change.position) ?? { partition: -1, position: 0 };
    const before = last.get(partition) ?? 0;
    count('streamed changes');
    last.set(partition, position);
    const event = feed.at(partition, position);
    if (!event || !isSameChange(event, change)) {
      const isLost = losses.some(
        (loss) => record.at <= loss.at + lateMs && position >= (loss.lostFrom[partition] ?? Infinity),
      );
      if (!isLost) anomalies.push(`${name} received ${describe(change)}, which the log does not have.`);
      continue;
    }
    if (position <= before) anomalies.push(`${name} received ${describe(change)} after ${partition}:${before}.`);
    for (const missed of feed.between(partition, before, position))
      anomalies.push(`${name} received ${describe(change)} without ${partition}:${missed.position} in front of it.`);
  }
  for (const partition of feed.partitions())
    for (const missed of feed.between(partition, last.get(partition) ?? 0, Infinity))
      anomalies.push(
        `${name} never received ${partition}:${missed.position} (order ${missed.orderId}, version ${missed.version}).`,
      );
  return anomalies;
}

export function isSameChange(event: LogEvent, change: Change): boolean {
  return (
    event.orderId === change.order_id &&
    event.version === change.version &&
    event.type === change.type &&
    event.occurredAt === change.occurred_at &&
    event.recordedAt === change.recorded_at
  );
}

const describe = (change: Change) => `${change.position} (order ${change.order_id}, version ${change.version})`;

/** The events of orders, by partition and position. */
class Feed {
  readonly #events = new Map<number, Map<number, LogEvent>>();
  readonly #positions = new Map<number, number[]>();

  constructor(log: Log) {
    for (const event of log.events) {
      if (!isOrderEvent(event)) continue;
      const events = this.#events.get(event.partition) ?? new Map<number, LogEvent>();
      this.#events.set(event.partition, events.set(event.position, event));
      const positions = this.#positions.get(event.partition) ?? [];
      positions.push(event.position);
      this.#positions.set(event.partition, positions);
    }
  }

  partitions(): Iterable<number> {
    return this.#events.keys();
  }

  at(partition: number, position: number): LogEvent | undefined {
    return this.#events.get(partition)?.get(position);
  }

  /** The events after one position and before another. */
  between(partition: number, after: number, before: number): LogEvent[] {
    const positions = this.#positions.get(partition) ?? [];
    // A reader follows the positions one by one: the first one after `after` is found by halving.
    let [low, high] = [0, positions.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((positions[middle] as number) <= after) low = middle + 1;
      else high = middle;
    }
    const found: LogEvent[] = [];
    for (let nth = low; nth < positions.length && (positions[nth] as number) < before; nth += 1)
      found.push(this.at(partition, positions[nth] as number) as LogEvent);
    return found;
  }
}
