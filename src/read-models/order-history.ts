import type { StoredEvent } from '../event-log/stored-event.js';
import type { EventMetadata, OrderEventType } from '../orders/events.js';
import { utcMs, utcTime } from '../orders/values/utc-time.js';
import { base36, fromBase36 } from './encoding/base36.js';
import { packJson, unpackJson } from './encoding/packed-json.js';
import { longId, shortId, shortIdIfUuid } from './encoding/short-id.js';
import type { PartitionKeys } from './keys.js';
import { isOrderEntry, orderEntry } from './order-buckets.js';
import type { ReadableEntry } from './readable-entry.js';

/**
 * What happened to each order, as the log has it, and which change follows which in a partition. Version 2 added the changes;
 * version 3 keeps the events once, by position, for both.
 */
export const orderHistory = { name: 'order-history', version: 3, readsFrom: 3 } as const;

/** Positions of a partition whose events are one list. Part of the stored format. */
const chunkPositions = 256;

export function orderHistoryKeys(key: PartitionKeys) {
  return {
    /** List: the `HistoryEntry` of the event at position 256 chunk + index + 1; empty where it is no order's event. */
    events: (chunk: number) => key('events', String(chunk)),
    /** Hash entry: at which positions an order's events are, see `encodePositions`. */
    order: (orderId: string) => orderEntry(key, orderId),
  };
}

/** Where in its list the event of a position is. */
export function chunkOf(position: number): { readonly chunk: number; readonly index: number } {
  const chunk = Math.floor((position - 1) / chunkPositions);
  return { chunk, index: position - 1 - chunk * chunkPositions };
}

/** An event of an order as the history has it. Whose order it is stands in the order's first entry alone. The command's hash is not kept: nobody asks the history for it. */
export interface HistoryEntry {
  readonly orderId: string | undefined;
  /** Where the order's first event is. */
  readonly firstPosition: number;
  readonly position: number;
  readonly version: number;
  readonly type: string;
  readonly data: unknown;
  readonly metadata: Omit<EventMetadata, 'command_hash'>;
  readonly occurred_at: string;
  readonly recorded_at: string;
  /** Hex. */
  readonly hash: string;
}

/** One letter an event type: part of the stored format. */
const typeLetters: Readonly<Record<OrderEventType, string>> = {
  OrderPlaced: 'P',
  OrderAmended: 'A',
  OrderPaid: 'M',
  OrderProcessingStarted: 'W',
  OrderShipped: 'S',
  OrderDelivered: 'D',
  OrderCancelled: 'C',
  OrderRefunded: 'F',
  OrderReturned: 'R',
  OrderHeld: 'H',
  OrderReleased: 'L',
  OrderNoteAdded: 'N',
  OrderPersonErased: 'E',
};
const typesByLetter = new Map(Object.entries(typeLetters).map(([type, letter]) => [letter, type]));

/**
 * The entry's text: its fields, a line each, the last `data`. Neither JSON nor anything else in it has line breaks.
 * @param firstPosition where the order's first event is.
 */
export function encodeHistoryEntry(event: StoredEvent, firstPosition: number): string {
  const recordedMs = utcMs(event.recordedAt);
  const earlierMs = recordedMs - utcMs(event.occurredAt);
  const type = typeLetters[event.type as OrderEventType] ?? event.type;
  const { index } = chunkOf(event.position);
  // Joined at once: text put together piece by piece costs the garbage collector more than it takes.
  return [
    event.position === firstPosition ? shortId(event.orderId) : '',
    base36(event.version),
    type,
    base36(index),
    base36(event.position - firstPosition),
    base36(recordedMs),
    earlierMs === 0 ? '' : base36(earlierMs),
    event.hash.toString('base64url'),
    packMetadata(event.metadata),
    packJson(event.data),
  ].join('\n');
}

/** @param chunk the list that the entry is from. */
export function decodeHistoryEntry(chunk: number, text: string): HistoryEntry {
  const [
    id = '',
    version = '',
    type = '',
    index = '',
    sinceFirst = '',
    recorded = '',
    earlier = '',
    hash = '',
    metadata = '',
    data = '',
  ] = text.split('\n');
  const position = chunk * chunkPositions + fromBase36(index) + 1;
  const recordedMs = fromBase36(recorded);
  return {
    orderId: id === '' ? undefined : longId(id),
    firstPosition: position - fromBase36(sinceFirst),
    position,
    version: fromBase36(version),
    type: typesByLetter.get(type) ?? type,
    data: JSON.parse(unpackJson(data)),
    metadata: unpackMetadata(metadata),
    occurred_at: utcTime(earlier === '' ? recordedMs : recordedMs - fromBase36(earlier)),
    recorded_at: utcTime(recordedMs),
    hash: Buffer.from(hash, 'base64url').toString('hex'),
  };
}

/** Changes what an entry says happened: once a person is erased, without what was personal. */
export function withData(text: string, change: (type: string, data: unknown) => unknown): string {
  const lines = text.split('\n');
  const type = lines[2] ?? '';
  const data = lines.pop() ?? '';
  const changed = change(typesByLetter.get(type) ?? type, JSON.parse(unpackJson(data)));
  return [...lines, packJson(JSON.stringify(changed))].join('\n');
}

/** Where an order's events are: the first position, then how far each later one is from it. */
export function encodePositions(before: string | undefined, positions: readonly number[]): string {
  const first = before === undefined ? positions[0] : firstPositionOf(before);
  if (first === undefined) throw new Error('an order has at least one event');
  const later = before === undefined ? positions.slice(1) : positions;
  const start = before ?? base36(first);
  return [start, ...later.map((position) => base36(position - first))].join(' ');
}

export function firstPositionOf(text: string): number {
  return fromBase36(text);
}

export function decodePositions(text: string): number[] {
  const [first = 0, ...later] = text.split(' ').map(fromBase36);
  return [first, ...later.map((distance) => first + distance)];
}

/** The metadata's fields in the order in which they are written, each as its place in the line. */
const metadataFields = ['request_id', 'correlation_id', 'causation_id', 'idempotency_key', 'person'] as const;

/** Metadata as `commands` writes it, with values that need no escaping. Everything else is kept as JSON text. */
const plainMetadata =
  /^\{"schema":(\d+),"actor":"([^"\\]+)"(?:,"request_id":"([^"\\]+)")?(?:,"correlation_id":"([^"\\]+)")?(?:,"causation_id":"([^"\\]+)")?(?:,"idempotency_key":"([^"\\]+)")?(?:,"command_hash":"[^"\\]*")?(?:,"person":"([^"\\]+)")?\}$/;

/** In front of a short id: no value in JSON text begins with it. */
const shortMark = '\u0001';
const sameAsBefore = '\u0002';

/** "<schema>\t<actor>\t<request_id>\t…", without what is empty at the end. */
function packMetadata(json: string): string {
  const found = plainMetadata.exec(json);
  if (!found) {
    const { command_hash: _, ...rest } = JSON.parse(json) as EventMetadata;
    return JSON.stringify(rest);
  }
  const fields = found.slice(1).map((value: string | undefined, index) => {
    if (value === undefined) return '';
    // A request that begins a chain of commands correlates with itself.
    if (index > 2 && value === found[index]) return sameAsBefore;
    const short = index > 1 ? shortIdIfUuid(value) : undefined;
    return short === undefined ? value : shortMark + short;
  });
  while (fields.at(-1) === '') fields.pop();
  return fields.join('\t');
}

function unpackMetadata(text: string): Omit<EventMetadata, 'command_hash'> {
  if (text.startsWith('{')) return JSON.parse(text) as EventMetadata;
  const [schema, actor = '', ...values] = text.split('\t');
  const metadata: EventMetadata = { schema: Number(schema), actor };
  let before = '';
  for (const [index, name] of metadataFields.entries()) {
    const value = values[index];
    if (!value) continue;
    before = value === sameAsBefore ? before : value.startsWith(shortMark) ? longId(value.slice(1)) : value;
    metadata[name] = before;
  }
  return metadata;
}

/** An entry for people to read. */
export const readableHistoryEntry: ReadableEntry = (key, entry, text) => {
  if (isOrderEntry(key)) return { orderId: longId(entry), text: text && JSON.stringify(decodePositions(text)) };
  if (!text) return { text };
  const { orderId, ...rest } = decodeHistoryEntry(Number(key.split(':')[1]), text);
  return { orderId, entry: `version ${rest.version}`, text: JSON.stringify(rest) };
};

/** Whether the entry's data was sealed with a person's key. */
export function isSealedEntry(text: string): boolean {
  return unpackMetadata(text.split('\n')[8] ?? '').person !== undefined;
}
