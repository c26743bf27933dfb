import type { CallRecord } from '../history.js';
import { hashOf, partitionOf } from './chain.js';
import type { Change } from './changes.js';
import type { EventData } from './fold.js';
import type { Log, LogEvent } from './log.js';

/** Runs as the tests of the checker make them up: a log that is in order, and calls that fit it. */

export const orderId = '018f0000-0000-7000-8000-000000000001';
const partitions = 4;

export interface PlantedEvent {
  type: string;
  data: EventData;
  orderId?: string;
  key?: string;
}

/** A log in order of the events, each a second after the one before. */
export function logOf(planted: readonly PlantedEvent[]): Log {
  const versions = new Map<string, number>();
  const heads = new Map<number, LogEvent>();
  const events = planted.map(({ type, data, orderId: id = orderId, key }, nth): LogEvent => {
    const partition = partitionOf(id, partitions);
    const version = (versions.get(id) ?? 0) + 1;
    versions.set(id, version);
    const before = heads.get(partition);
    const at = new Date(Date.UTC(2026, 0, 1, 0, 0, nth)).toISOString();
    const event = {
      partition,
      position: (before?.position ?? 0) + 1,
      orderId: id,
      version,
      type,
      data: JSON.stringify(data),
      metadata: JSON.stringify({ schema: 2, actor: 'shop', idempotency_key: key }),
      occurredAt: at,
      recordedAt: at,
    };
    const hashed = { ...event, hash: hashOf(event, before?.hash) };
    heads.set(partition, hashed);
    return hashed;
  });
  return {
    id: '51c1d80e-8ed1-45d2-b5d0-4790aa6740d1',
    partitions,
    events: events.sort((one, other) => one.partition - other.partition || one.position - other.position),
    heads: Array.from({ length: partitions }, (_, partition) => ({
      partition,
      position: heads.get(partition)?.position ?? 0,
      hash: heads.get(partition)?.hash ?? Buffer.alloc(32),
    })),
  };
}

/** The change that streams and webhooks send of an event. */
export function changeOf(event: LogEvent): Change {
  return {
    order_id: event.orderId,
    version: event.version,
    type: event.type,
    data: JSON.parse(event.data),
    occurred_at: event.occurredAt,
    recorded_at: event.recordedAt,
    position: `${event.partition}:${event.position}`,
  };
}

/** One lamp of 30.00 USD. */
export const placed = (key = 'k-1', id = orderId): PlantedEvent => ({
  type: 'OrderPlaced',
  data: {
    user_id: 'u-1',
    currency: 'USD',
    total_minor: 3000,
    items: [{ item_id: 'lamp', quantity: 1, unit_price_minor: 3000 }],
    metadata: {},
  },
  orderId: id,
  key,
});

export const paid = (key = 'k-2', amount_minor = 3000): PlantedEvent => ({
  type: 'OrderPaid',
  data: { amount_minor, payment_reference: null },
  key,
});

/** The call that placed the order of `placed`. */
export function placing(changes: Partial<CallRecord> = {}): CallRecord {
  return call({
    path: '/orders',
    body: { user_id: 'u-1', items: [{ item_id: 'lamp', quantity: 1, unit_price: 30 }] },
    key: 'k-1',
    status: 201,
    headers: { 'event-position': `${partitionOf(orderId, partitions)}:1` },
    response: { order_id: orderId, version: 1 },
    ...changes,
  });
}

/** The call that paid the order. */
export function paying(changes: Partial<CallRecord> = {}): CallRecord {
  return call({
    path: `/orders/${orderId}/pay`,
    body: {},
    key: 'k-2',
    startedAt: 20,
    at: 30,
    headers: { 'event-position': `${partitionOf(orderId, partitions)}:2` },
    response: { order_id: orderId, version: 2 },
    ...changes,
  });
}

/** A call without a response. */
export const unanswered = { status: 0, headers: {}, response: undefined };

export function call(changes: Partial<CallRecord>): CallRecord {
  return { kind: 'call', client: 0, startedAt: 0, at: 10, method: 'POST', path: '/', status: 200, ...changes };
}
