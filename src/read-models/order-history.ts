import type { StoredEvent } from '../event-log/stored-event.js';
import type { EventMetadata } from '../orders/events.js';
import type { PartitionKeys } from './keys.js';

/** Every event of an order, with who, when and why; and of each partition, which orders changed in which order. */
export const orderHistory = { name: 'order-history', version: 2 } as const;

/** Positions whose changes one key of the feed holds: small enough to be read whole. */
const feedChunkPositions = 256;

export function orderHistoryKeys(key: PartitionKeys) {
  return {
    /** List: a `HistoryEntry` as JSON text for each event, in order: index = version − 1. */
    order: (orderId: string) => key('order', orderId),
    /** List: a `FeedEntry` for each event, in order, of 256 positions of the partition. Positions of what is no order's event are not there. */
    feed: (chunk: number) => key('feed', String(chunk)),
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

/** One change in the partition's feed: names the event in its order's history. */
export interface FeedEntry {
  readonly position: number;
  readonly orderId: string;
  readonly version: number;
}

/** The key of the feed in which a position's entry is. */
export function feedChunk(position: number): number {
  return Math.floor((position - 1) / feedChunkPositions);
}

/** Compact, for there is one for every event: the position within the key, the version, and the id's 16 bytes in base64url. */
export function encodeFeedEntry({ position, orderId, version }: FeedEntry): string {
  const id = Buffer.from(orderId.replaceAll('-', ''), 'hex').toString('base64url');
  return `${(position - 1) % feedChunkPositions} ${version} ${id}`;
}

export function decodeFeedEntry(chunk: number, text: string): FeedEntry {
  const [offset, version, id = ''] = text.split(' ');
  const hex = Buffer.from(id, 'base64url').toString('hex');
  return {
    position: chunk * feedChunkPositions + Number(offset) + 1,
    version: Number(version),
    orderId: hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
  };
}
