import { erasedFields } from '../orders/personal-data.js';
import {
  decodeHistoryEntry,
  encodeFeedEntry,
  encodeHistoryEntry,
  feedChunk,
  type HistoryEntry,
  orderHistory,
  orderHistoryKeys,
} from '../read-models/order-history.js';
import type { RedisCommand } from '../read-models/redis.js';
import type { ProjectedEvent, Projection } from './projection.js';

/** What is there already of the orders whose person is erased by these events: their entries, oldest first. */
type Erasures = ReadonlyMap<string, readonly string[]>;

/**
 * Appends each event to its order's history, as the log holds it, and to the partition's feed of changes. Once the order's person is erased, what was there before is
 * written anew without what was personal in it.
 */
export const orderHistoryProjection: Projection<Erasures> = {
  ...orderHistory,

  async load(events, partitionKeys, read) {
    const key = orderHistoryKeys(partitionKeys);
    const erased = [...new Set(events.filter(isErasure).map(({ stored }) => stored.orderId))];
    const entries = await read(erased.map((orderId) => ['LRANGE', key.order(orderId), 0, -1]));
    return new Map(erased.map((orderId, index) => [orderId, entries[index] as string[]]));
  },

  fold(events, partitionKeys, erasures) {
    const key = orderHistoryKeys(partitionKeys);
    const entries = new Map<string, string[]>();
    const feed = new Map<number, string[]>();
    for (const { stored } of events) {
      const chunk = feedChunk(stored.position);
      feed.set(chunk, [...(feed.get(chunk) ?? []), encodeFeedEntry(stored)]);
      const ofOrder = entries.get(stored.orderId) ?? [];
      ofOrder.push(encodeHistoryEntry(stored));
      entries.set(stored.orderId, ofOrder);
    }
    const feedWrites = [...feed].map(([chunk, texts]): RedisCommand => ['RPUSH', key.feed(chunk), ...texts]);
    const orderWrites = [...entries].flatMap(([orderId, texts]): RedisCommand[] => {
      const before = erasures.get(orderId);
      if (!before) return [['RPUSH', key.order(orderId), ...texts]];
      return [
        ['DEL', key.order(orderId)],
        ['RPUSH', key.order(orderId), ...[...before, ...texts].map(withoutPersonalData)],
      ];
    });
    return [...feedWrites, ...orderWrites];
  },
};

function isErasure({ event }: ProjectedEvent): boolean {
  return event.type === 'OrderPersonErased';
}

function withoutPersonalData(text: string): string {
  const entry: HistoryEntry = decodeHistoryEntry(text);
  if (entry.metadata.person === undefined) return text;
  const data = entry.data as Record<string, unknown>;
  const erased = Object.entries(erasedFields(entry.type)).filter(([name]) => data[name] !== null && name in data);
  return JSON.stringify({ ...entry, data: { ...data, ...Object.fromEntries(erased) } });
}
