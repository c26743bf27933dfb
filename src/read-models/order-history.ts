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
 * The events of each order, and the order of changes in a partition. Both come from one list of
 * events by position.
 */
export const orderHistory = { name: 'order-history', version: 4, readsFrom: 3 } as const;

/** Positions per list of events. Part of the stored format. */
const chunkPositions = 256;

export function orderHistoryKeys(key: PartitionKeys) {
  return {
    /**
     * List: the `HistoryEntry` of the event at position 256 × chunk + index + 1. It is empty if the
     * event belongs to no order or was skipped.
     */
    events: (chunk: number) => key('events', String(chunk)),
    /** Hash entry: the positions of an order's events, see `encodePositions`. */
    order: (orderId: string) => orderEntry(key, orderId),
  };
}

/** The list of a position, and the index in it. */
export function chunkOf(position: number): { readonly chunk: number; readonly index: number } {
  const chunk = Math.floor((position - 1) / chunkPositions);
  return { chunk, index: position - 1 - chunk * chunkPositions };
}

/** An event of an order. Queries of the history need no hash of the command, so it is not kept. */
export interface HistoryEntry {
  /** Only the first entry of an order names the order. */
  readonly orderId: string | undefined;
  /** The position of the order's first event. */
  readonly firstPosition: number;
  readonly position: number;
  readonly version: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata: Omit<EventMetadata, 'command_hash'>;
  readonly occurred_at: string;
  readonly recorded_at: string;
  /** In hex. */
  readonly hash: string;
}

/**
 * One letter per frequent event type. Part of the stored format: an entry of another type has its
 * whole name, which processes of earlier versions can show.
 */
const typeLetters: Readonly<Partial<Record<OrderEventType, string>>> = {
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
 * Encodes an entry as one line per field; `data` is the last line. Neither JSON text nor another
 * field contains a line break.
 *
 * @param firstPosition the position of the order's first event.
 */
export function encodeHistoryEntry(event: StoredEvent, firstPosition: number): string {
  const recordedMs = utcMs(event.recordedAt);
  const earlierMs = recordedMs - utcMs(event.occurredAt);
  const type = typeLetters[event.type as OrderEventType] ?? event.type;
  const { index } = chunkOf(event.position);
  // Joining once is cheaper: texts that grow piece by piece cost more in garbage collection.
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

/** @param chunk the list that holds the entry. */
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

/** Changes the data of an entry; used to remove personal data once a person is erased. */
export function withData(text: string, change: (type: string, data: unknown) => unknown): string {
  const lines = text.split('\n');
  const type = lines[2] ?? '';
  const data = lines.pop() ?? '';
  const changed = change(typesByLetter.get(type) ?? type, JSON.parse(unpackJson(data)));
  return [...lines, packJson(JSON.stringify(changed))].join('\n');
}

/**
 * Encodes the positions of an order's events: the first one, then the distance of each later one
 * from it.
 *
 * @param before the encoded positions so far; undefined if there are none.
 */
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

/** The fields of the metadata after schema and actor, in the order in which they are written. */
const metadataFields = ['request_id', 'correlation_id', 'causation_id', 'idempotency_key', 'person'] as const;

/**
 * Metadata as commands write it, with values that need no escaping. Other metadata stays JSON text.
 */
const plainMetadata =
  /^\{"schema":(\d+),"actor":"([^"\\]+)"(?:,"request_id":"([^"\\]+)")?(?:,"correlation_id":"([^"\\]+)")?(?:,"causation_id":"([^"\\]+)")?(?:,"idempotency_key":"([^"\\]+)")?(?:,"command_hash":"[^"\\]*")?(?:,"person":"([^"\\]+)")?\}$/;

/** Precedes a short id. No value in JSON text begins with this character. */
const shortMark = '\u0001';
/** Stands for a value that equals the one before it. */
const sameAsBefore = '\u0002';

/** "<schema>\t<actor>\t<request_id>\t…", without the empty values at the end. */
function packMetadata(json: string): string {
  const found = plainMetadata.exec(json);
  if (!found) {
    const { command_hash: _, ...rest } = JSON.parse(json) as EventMetadata;
    return JSON.stringify(rest);
  }
  let text = `${found[1]}\t${found[2]}`;
  // Tabs of empty values, which are written only before a value.
  let tabs = '';
  for (let index = 3; index < found.length; index += 1) {
    const value = found[index];
    tabs += '\t';
    if (value === undefined) continue;
    // The first request of a chain has its own id as correlation id.
    const isSame = index > 3 && value === found[index - 1];
    const short = isSame ? undefined : shortIdIfUuid(value);
    text += tabs + (isSame ? sameAsBefore : short === undefined ? value : shortMark + short);
    tabs = '';
  }
  return text;
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

/** The readable form of an entry, for comparisons. */
export const readableHistoryEntry: ReadableEntry = (key, entry, text) => {
  if (isOrderEntry(key)) return { orderId: longId(entry), text: text && JSON.stringify(decodePositions(text)) };
  if (!text) return { text };
  const { orderId, ...rest } = decodeHistoryEntry(Number(key.split(':')[1]), text);
  return { orderId, entry: `version ${rest.version}`, text: JSON.stringify(rest) };
};

/** Whether the data of the entry's event is sealed with a person's key in the log. */
export function isSealedEntry(text: string): boolean {
  return unpackMetadata(text.split('\n')[8] ?? '').person !== undefined;
}
