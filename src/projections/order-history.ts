import { encodeHistoryEntry, orderHistory, orderHistoryKeys } from '../read-models/order-history.js';
import type { RedisCommand } from '../read-models/redis.js';
import type { Projection } from './projection.js';

/** Appends each event to its order's history, as the log holds it. */
export const orderHistoryProjection: Projection<undefined> = {
  ...orderHistory,

  async load() {
    return undefined;
  },

  fold(events, partitionKeys) {
    const key = orderHistoryKeys(partitionKeys);
    const entries = new Map<string, string[]>();
    for (const { stored } of events) {
      const ofOrder = entries.get(stored.orderId) ?? [];
      ofOrder.push(encodeHistoryEntry(stored));
      entries.set(stored.orderId, ofOrder);
    }
    return [...entries].map(([orderId, texts]): RedisCommand => ['RPUSH', key.order(orderId), ...texts]);
  },
};
