import { longId } from './encoding/short-id.js';
import type { PartitionKeys } from './keys.js';
import { isOrderEntry, orderEntry } from './order-buckets.js';
import type { ReadableEntry } from './readable-entry.js';

/**
 * The figures of all orders per currency: in total, and by the month, the day and the block of
 * two hours in which the orders were placed.
 */
export const metrics = { name: 'metrics', version: 6, readsFrom: 6 } as const;

export function metricsKeys(key: PartitionKeys) {
  return {
    /** Set: the currencies of the orders of this partition. */
    currencies: key('currencies'),
    /** Hash: figures in parts (`encodeParts`), by the fields of `figureFields`. */
    figures: (currency: string) => key('figures', currency),
    /** The same, but each amount counts at the time of its event. Nothing has durations. */
    byEvent: (currency: string) => key('by-event', currency),
    /** Hash entry: the part of an order that the effect of its next event depends on. */
    order: (orderId: string) => orderEntry(key, orderId),
  };
}

/** The readable form of an entry, for comparisons. */
export const readableMetricsEntry: ReadableEntry = (key, entry, text) =>
  isOrderEntry(key) ? { orderId: longId(entry), text } : { text };
