import { count, type FromSchema, list, nullable, object, sha256, text, uuid } from '../../json-schema.js';
import { eventProperties } from '../../orders/change-document.js';
import { evolve } from '../../orders/evolve.js';
import type { Order } from '../../orders/order.js';
import { UnreadableEvent, upcast } from '../../orders/upcast.js';
import { orderPartition } from '../../orders/values/partition.js';
import {
  chunkOf,
  decodeHistoryEntry,
  decodePositions,
  type HistoryEntry,
  orderHistory,
  orderHistoryKeys,
} from '../../read-models/order-history.js';
import { ReadModelUnavailable } from '../../read-models/read-model-unavailable.js';
import { sliceFor } from '../../yield-to-event-loop.js';
import type { GenerationReader, ListRange, RangesRead } from '../generation-reader.js';
import { queryLimits as limits } from '../limits.js';
import { fromLive, type ReadModels } from '../live-generation.js';

/** One field of an order that an event changed. */
export const fieldChangeSchema = object(
  {
    pointer: {
      ...text,
      description:
        'The JSON pointer (RFC 6901) of the field in the order. It names a line by its item, /items/ITEM_ID/shipped, ' +
        'and by item and line if the item has several lines: /items/ITEM_ID/LINE_ID/shipped.',
    },
    before: { description: 'The earlier value. Absent if the field did not exist.' },
    after: { description: 'The later value. Absent if the field does not exist in the later version.' },
  },
  ['before', 'after'],
);

export type FieldChange = FromSchema<typeof fieldChangeSchema>;

/** One event of an order: what happened, who did it, when, and where it is in the log. */
export const historyEventSchema = object(
  {
    ...eventProperties,
    position: count,
    hash: sha256,
    request_id: text,
    correlation_id: text,
    causation_id: text,
    idempotency_key: text,
    /** The event's changes, if the client asks for them. */
    changes: list(fieldChangeSchema),
  },
  ['request_id', 'correlation_id', 'causation_id', 'idempotency_key', 'changes'],
);

export const orderHistorySchema = object({
  order_id: uuid,
  partition: count,
  events: list(historyEventSchema),
  /** The version after which the next page begins; null if no event follows. */
  next_after: nullable(count),
});

export type OrderHistory = FromSchema<typeof orderHistorySchema>;
type HistoryEvent = OrderHistory['events'][number];

/** A part of an order's history: entries of consecutive versions. */
export interface HistoryPage {
  readonly orderId: string;
  readonly partition: number;
  /** The order's version: the number of its events. */
  readonly version: number;
  readonly entries: readonly HistoryEntry[];
  /** The version after which the next page begins; null if no event follows. */
  readonly nextAfter: number | null;
}

/** The events of an order after a version, up to a number of them. By default all events. */
export interface HistoryRange {
  readonly after?: number | undefined;
  readonly limit?: number | undefined;
}

/**
 * Returns an order's events, oldest first, or undefined if the order does not exist. The page ends
 * early once its entries reach `maxHistoryBytes`.
 */
export async function getHistoryPage(
  models: ReadModels,
  orderId: string,
  { after = 0, limit = Number.POSITIVE_INFINITY }: HistoryRange = {},
): Promise<HistoryPage | undefined> {
  const positions = await readPositions(models, orderId);
  const version = positions.length;
  if (version === 0) return undefined;
  const end = Math.min(version, after + limit);
  const entries: HistoryEntry[] = [];
  let bytes = 0;
  for await (const part of historyEntries(models, orderId, positions.slice(after, end))) {
    entries.push(...part.entries);
    bytes += part.bytes;
    if (bytes >= limits.maxHistoryBytes) break;
  }
  const last = after + entries.length;
  const partition = orderPartition(orderId, models.partitions);
  return { orderId, partition, version, entries, nextAfter: last < version ? last : null };
}

/** Returns an order's events, oldest first, as the API shows them; see `getHistoryPage`. */
export async function getOrderHistory(
  models: ReadModels,
  orderId: string,
  range?: HistoryRange,
): Promise<OrderHistory | undefined> {
  const page = await getHistoryPage(models, orderId, range);
  return page && historyDocument(page);
}

/** The page as the API shows it. @param changes of each event, if the client asks for them. */
export function historyDocument(
  { orderId, partition, entries, nextAfter }: HistoryPage,
  changes: readonly (readonly FieldChange[])[] = [],
): OrderHistory {
  return {
    order_id: orderId,
    partition,
    events: entries.map((entry, index) => historyEvent(entry, changes[index])),
    next_after: nextAfter,
  };
}

export function historyEvent(
  { metadata, ...entry }: HistoryEntry,
  changes?: readonly FieldChange[] | undefined,
): HistoryEvent {
  return {
    version: entry.version,
    type: entry.type,
    data: entry.data,
    actor: metadata.actor,
    occurred_at: entry.occurred_at,
    recorded_at: entry.recorded_at,
    position: entry.position,
    hash: entry.hash,
    ...(metadata.request_id === undefined ? {} : { request_id: metadata.request_id }),
    ...correlation(metadata),
    ...(metadata.causation_id === undefined ? {} : { causation_id: metadata.causation_id }),
    ...(metadata.idempotency_key === undefined ? {} : { idempotency_key: metadata.idempotency_key }),
    ...(changes === undefined ? {} : { changes }),
  };
}

/** A request that began a chain of requests correlates with itself. */
function correlation({ correlation_id: given, request_id: own }: HistoryEntry['metadata']): {
  correlation_id?: string;
} {
  const id = given ?? own;
  return id === undefined ? {} : { correlation_id: id };
}

/** Reads the positions of an order's events, oldest first; none if the order does not exist. */
export async function readPositions(models: ReadModels, orderId: string): Promise<number[]> {
  const partition = orderPartition(orderId, models.partitions);
  const [found] = await fromLive(models, orderHistory, (live) =>
    live.read([['HGET', ...orderHistoryKeys(live.keys(partition)).order(orderId)]]),
  );
  return typeof found === 'string' ? decodePositions(found) : [];
}

/** Entries that one read has returned, and the bytes of their stored form. */
export interface EntriesRead {
  readonly entries: readonly HistoryEntry[];
  readonly bytes: number;
}

/**
 * Reads the entries at these positions of an order, oldest first. Each part takes one call to Redis
 * and is bounded by `maxEventsPerRead` and `maxHistoryBytes`, so that a history of any size can be
 * folded in little memory. A rebuild between two calls makes no difference: positions belong to the
 * log.
 */
export async function* historyEntries(
  models: ReadModels,
  orderId: string,
  positions: readonly number[],
): AsyncGenerator<EntriesRead> {
  for (let at = 0; at < positions.length; ) {
    const wanted = positions.slice(at, at + limits.maxEventsPerRead);
    const part = await fromLive(models, orderHistory, (live) => readEntries(live, models, orderId, wanted));
    at += part.entries.length;
    yield part;
  }
}

async function readEntries(
  live: GenerationReader,
  models: ReadModels,
  orderId: string,
  positions: readonly number[],
): Promise<EntriesRead> {
  const partition = orderPartition(orderId, models.partitions);
  const key = orderHistoryKeys(live.keys(partition));
  const runs = runsOf(positions);
  const ranges = runs.map(({ chunk, index, length }) => ({
    key: key.events(chunk),
    first: index,
    last: index + length - 1,
  }));
  const { texts, ended } =
    positions.length > limits.maxUnmeasuredReads
      ? await live.readRanges(partition, ranges, limits.maxHistoryBytes)
      : await readWhole(live, ranges, positions.length);
  if (ended === 'short') throw new ReadModelUnavailable(`the history of order ${orderId} is incomplete`);
  const bytes = texts.reduce((sum, { length }) => sum + length, 0);
  const slice = await sliceFor(bytes);
  const entries: HistoryEntry[] = [];
  for (const [nth, text] of texts.entries()) {
    if (slice.isOver) await slice.yield();
    entries.push(decodeHistoryEntry(chunkOf(positions[nth] ?? 0).chunk, text));
  }
  return { entries, bytes };
}

/** Reads a few elements in one round trip, without the script. */
async function readWhole(live: GenerationReader, ranges: readonly ListRange[], expected: number): Promise<RangesRead> {
  const lists = await live.read(ranges.map(({ key, first, last }) => ['LRANGE', key, first, last]));
  const texts = lists.flatMap((list) => list as string[]);
  return { texts, ended: texts.length < expected ? 'short' : 'all' };
}

/** Joins consecutive positions of one list into runs: an order's events are often neighbours. */
function runsOf(positions: readonly number[]): { chunk: number; index: number; length: number }[] {
  const runs: { chunk: number; index: number; length: number }[] = [];
  for (const position of positions) {
    const { chunk, index } = chunkOf(position);
    const last = runs.at(-1);
    if (last && last.chunk === chunk && last.index + last.length === index) last.length += 1;
    else runs.push({ chunk, index, length: 1 });
  }
  return runs;
}

/**
 * Applies the event of a history entry to the order before it.
 * @throws UnreadableEvent if the event cannot be read or applied.
 */
export function applyEntry(
  order: Order | undefined,
  orderId: string,
  partition: number,
  { version, type, data, metadata, position, occurred_at: occurredAt, recorded_at: recordedAt }: HistoryEntry,
): Order {
  try {
    return evolve(order, { orderId, version, occurredAt, recordedAt, ...upcast(type, metadata.schema, data) });
  } catch (error) {
    throw new UnreadableEvent({ orderId, version, type, partition, position }, error);
  }
}
