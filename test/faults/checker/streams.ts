import type { StreamRecord } from '../history.js';
import { type Change, describeChange, isSameChange } from './changes.js';
import { groupBy } from './group-by.js';
import type { LogEvent } from './log.js';
import type { Losses } from './losses.js';
import { parsePosition } from './operations.js';
import type { ShownEvent, ShownEvents } from './orders.js';

interface Reset {
  type?: string;
  lost?: { partition: number; after: number; up_to: number }[];
}

/**
 * Every reader got every change of an order once and in order, from the first event of the log to
 * the last one. Readers have opened their streams before the first command.
 */
export function checkStreams(
  records: readonly StreamRecord[],
  shown: ShownEvents,
  losses: Losses,
  count: (what: string) => void,
): string[] {
  const feed = new Feed(shown);
  const readers = groupBy(records, (record) => record.reader);
  return [...readers].flatMap(([reader, received]) => checkReader(`reader ${reader}`, received, feed, losses, count));
}

function checkReader(
  name: string,
  records: readonly StreamRecord[],
  feed: Feed,
  losses: Losses,
  count: (what: string) => void,
): string[] {
  const anomalies: string[] = [];
  const last = new Map<number, number>();
  /** Changes that a restore has lost, and that no reset has named since, by partition. */
  const revoked = new Map<number, Change>();
  for (const record of records) {
    if (record.unreadable !== undefined || !isObject(record.data)) {
      anomalies.push(`${name} received ${record.unreadable ?? JSON.stringify(record.data)}, which is no message.`);
      continue;
    }
    if (record.event === 'reset') {
      const reset = record.data as Reset;
      count('resets');
      anomalies.push(...checkReset(name, record, last, losses));
      for (const { partition, after } of reset.lost ?? []) {
        last.set(partition, Math.min(last.get(partition) ?? 0, after));
        revoked.delete(partition);
      }
    }
    if (record.event !== 'message') continue;
    const change = record.data as Change;
    const { partition, position, epoch } = parsePosition(change.position) ?? { partition: -1, position: 0, epoch: 0 };
    const before = last.get(partition) ?? 0;
    count('streamed changes');
    last.set(partition, position);
    const event = feed.at(partition, position);
    if (!event || !isSameChange(event, change, losses)) {
      const isLost = losses.hasLostPosition({ partition, position, epoch });
      if (isLost) revoked.set(partition, change);
      else anomalies.push(`${name} received ${describeChange(change)}, which the log does not have.`);
      continue;
    }
    if (position <= before) anomalies.push(`${name} received ${describeChange(change)} after ${partition}:${before}.`);
    for (const missed of feed.between(partition, before, position))
      anomalies.push(
        `${name} received ${describeChange(change)} without ${partition}:${missed.position} in front of it.`,
      );
  }
  for (const change of revoked.values()) anomalies.push(`${name} was not told that ${describeChange(change)} is lost.`);
  for (const partition of feed.partitions())
    for (const missed of feed.between(partition, last.get(partition) ?? 0, Infinity))
      anomalies.push(
        `${name} never received ${partition}:${missed.position} (order ${missed.orderId}, version ${missed.version}).`,
      );
  return anomalies;
}

/** A reset names those changes that the reader had received and a restore has lost. */
function checkReset(name: string, { at, data }: StreamRecord, last: ReadonlyMap<number, number>, losses: Losses) {
  const { type, lost = [] } = data as Reset;
  const text = JSON.stringify(data);
  if (type !== '/problems/position-lost' || lost.length === 0)
    return [`${name} got a reset that names no lost changes: ${text}.`];
  return lost.flatMap(({ partition, after, up_to: upTo }) => {
    const range = `${partition}:${after} to ${partition}:${upTo}`;
    if (!losses.keptUntil(partition, at).includes(after))
      return [`${name} got a reset for ${range}, but no restore kept partition ${partition} up to ${after}.`];
    const received = last.get(partition) ?? 0;
    return upTo > after && upTo >= received ? [] : [`${name} got a reset for ${range} after ${partition}:${received}.`];
  });
}

const isObject = (value: unknown) => typeof value === 'object' && value !== null;

/** The events of orders, by partition and position. */
class Feed {
  readonly #events = new Map<number, Map<number, ShownEvent>>();
  readonly #positions = new Map<number, number[]>();

  constructor(shown: ShownEvents) {
    const inOrder = [...shown.values()].sort((one, other) => one.event.position - other.event.position);
    for (const one of inOrder) {
      const { event } = one;
      const events = this.#events.get(event.partition) ?? new Map<number, ShownEvent>();
      this.#events.set(event.partition, events.set(event.position, one));
      const positions = this.#positions.get(event.partition) ?? [];
      positions.push(event.position);
      this.#positions.set(event.partition, positions);
    }
  }

  partitions(): Iterable<number> {
    return this.#events.keys();
  }

  at(partition: number, position: number): ShownEvent | undefined {
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
      found.push((this.at(partition, positions[nth] as number) as ShownEvent).event);
    return found;
  }
}
