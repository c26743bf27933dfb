import { count, type FromSchema, list, object, sha256, text, uuid } from '../../json-schema.js';
import { eventProperties } from '../../orders/change-document.js';
import type { RecordedEvent } from '../../orders/events.js';
import { upcast } from '../../orders/upcast.js';
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
import { fromLive, type ReadModels } from '../live-generation.js';

/** One field of an order that an event changed. */
export const fieldChangeSchema = object(
  {
    /** JSON pointer into the order's document. It names an item by id: /items/ITEM_ID/shipped. */
    pointer: text,
    before: { description: 'Absent if the field did not exist.' },
    after: {},
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

export const orderHistorySchema = object({ order_id: uuid, partition: count, events: list(historyEventSchema) });

export type OrderHistory = FromSchema<typeof orderHistorySchema>;

/** Returns an order's events, oldest first, or undefined if the order does not exist. */
export async function getOrderHistory(models: ReadModels, orderId: string): Promise<OrderHistory | undefined> {
  const entries = await readHistory(models, orderId);
  if (entries.length === 0) return undefined;
  return {
    order_id: orderId,
    partition: orderPartition(orderId, models.partitions),
    events: entries.map(({ metadata, ...entry }) => ({
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
    })),
  };
}

/** A request that began a chain of requests correlates with itself. */
function correlation({ correlation_id: given, request_id: own }: HistoryEntry['metadata']): {
  correlation_id?: string;
} {
  const id = given ?? own;
  return id === undefined ? {} : { correlation_id: id };
}

/** Reads the order's history entries, oldest first, up to a version if one is given. */
export async function readHistory(models: ReadModels, orderId: string, upToVersion?: number): Promise<HistoryEntry[]> {
  const partition = orderPartition(orderId, models.partitions);
  return fromLive(models, orderHistory, async (live) => {
    const key = orderHistoryKeys(live.keys(partition));
    const [found] = await live.read([['HGET', ...key.order(orderId)]]);
    if (typeof found !== 'string') return [];
    const runs = runsOf(decodePositions(found).slice(0, upToVersion));
    const lists = await live.read(
      runs.map(({ chunk, index, length }) => ['LRANGE', key.events(chunk), index, index + length - 1]),
    );
    return runs.flatMap(({ chunk, length }, nth) => {
      const texts = lists[nth] as string[];
      if (texts.length < length) throw new ReadModelUnavailable(`the history of order ${orderId} is incomplete`);
      return texts.map((text) => decodeHistoryEntry(chunk, text));
    });
  });
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

/** Converts a history entry to an event that the domain can fold. */
export function recordedFromEntry(orderId: string, entry: HistoryEntry): RecordedEvent {
  return {
    orderId,
    version: entry.version,
    occurredAt: entry.occurred_at,
    recordedAt: entry.recorded_at,
    metadata: entry.metadata,
    ...upcast(entry.type, entry.metadata.schema, entry.data),
  };
}
