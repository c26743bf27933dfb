import type { StoredEvent } from '../event-log/stored-event.js';
import type { EventMetadata } from '../orders/events.js';
import type { PartitionKeys } from './keys.js';

/** Every event of an order, with who, when and why. */
export const orderHistory = { name: 'order-history', version: 1 } as const;

export function orderHistoryKeys(key: PartitionKeys) {
  return {
    /** List: a `HistoryEntry` as JSON text for each event, in order: index = version − 1. */
    order: (orderId: string) => key('order', orderId),
  };
}

export interface HistoryEntry {
  readonly version: number;
  readonly type: string;
  readonly data: unknown;
  readonly metadata: EventMetadata;
  readonly occurred_at: string;
  readonly recorded_at: string;
  readonly position: number;
  /** Hex. */
  readonly hash: string;
}

/** The entry's JSON text. `data` and `metadata` go in as the log's own bytes. */
export function encodeHistoryEntry(event: StoredEvent): string {
  return (
    `{"version":${event.version},"type":"${event.type}","data":${event.data},"metadata":${event.metadata},` +
    `"occurred_at":"${event.occurredAt}","recorded_at":"${event.recordedAt}",` +
    `"position":${event.position},"hash":"${event.hash.toString('hex')}"}`
  );
}

export function decodeHistoryEntry(text: string): HistoryEntry {
  return JSON.parse(text) as HistoryEntry;
}
