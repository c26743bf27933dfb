import type { EventEnvelope, EventMetadata, OrderEvent, RecordedEvent } from '../orders/events.js';
import { UnreadableEvent, upcast } from '../orders/upcast.js';

/**
 * An event as the log holds it. `data` and `metadata` are the JSON texts that were hashed, byte for
 * byte. Times are RFC 3339 in UTC with milliseconds.
 */
export interface StoredEvent {
  readonly partition: number;
  readonly position: number;
  readonly orderId: string;
  readonly version: number;
  readonly type: string;
  readonly data: string;
  readonly metadata: string;
  readonly occurredAt: string;
  readonly recordedAt: string;
  readonly hash: Buffer;
}

/** The columns of a stored event, as `storedEvent` expects them. */
export const storedEventColumns =
  'e.partition, e."position", e.order_id, e.version, e.type, e.data::text as data, e.metadata::text as metadata, ' +
  'e.occurred_at, e.recorded_at, e.hash';

/** The bytes of the JSON of an event `e`, as a query counts them against a limit of bytes. */
export const eventBytes = 'octet_length(e.data::text) + octet_length(e.metadata::text)';

export interface StoredEventRow {
  partition: number;
  position: number;
  order_id: string;
  version: number;
  type: string;
  data: string;
  metadata: string;
  occurred_at: string;
  recorded_at: string;
  hash: Buffer;
}

export function storedEvent(row: StoredEventRow): StoredEvent {
  return {
    partition: row.partition,
    position: row.position,
    orderId: row.order_id,
    version: row.version,
    type: row.type,
    data: row.data,
    metadata: row.metadata,
    occurredAt: row.occurred_at,
    recordedAt: row.recorded_at,
    hash: row.hash,
  };
}

/**
 * Decodes an event for a fold: upcast to the current schema, without its metadata. Only the schema
 * version is read from the metadata; all writers of the log put it first.
 * Throws on an event that this code cannot read.
 */
export function storedOrderEvent(stored: StoredEvent): OrderEvent & EventEnvelope {
  const { type, orderId, version, occurredAt, recordedAt } = stored;
  const { data } = upcast(type, schemaOf(stored.metadata), JSON.parse(stored.data));
  return { type, data, orderId, version, occurredAt, recordedAt } as OrderEvent & EventEnvelope;
}

function schemaOf(metadata: string): number {
  const first = /^\{"schema":(\d+)[,}]/.exec(metadata);
  return first ? Number(first[1]) : (JSON.parse(metadata) as EventMetadata).schema;
}

/**
 * Decodes an event, upcast to the current schema. Throws UnreadableEvent if this code cannot read
 * it.
 */
export function recordedEvent(stored: StoredEvent): RecordedEvent {
  try {
    return decoded(stored);
  } catch (error) {
    throw new UnreadableEvent(stored, error);
  }
}

function decoded(stored: StoredEvent): RecordedEvent {
  const metadata = JSON.parse(stored.metadata) as EventMetadata;
  return {
    orderId: stored.orderId,
    version: stored.version,
    occurredAt: stored.occurredAt,
    recordedAt: stored.recordedAt,
    metadata,
    ...upcast(stored.type, metadata.schema, JSON.parse(stored.data)),
  };
}
