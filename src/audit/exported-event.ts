import { chainHash } from '../event-log/hash-chain.js';
import type { StoredEvent } from '../event-log/stored-event.js';

/**
 * An event as it is exported. It has everything that its hash covers, so a reader can check it
 * without any other source. Hashes are in hex.
 */
export interface ExportedEvent {
  readonly partition: number;
  readonly position: number;
  readonly order_id: string;
  readonly version: number;
  readonly type: string;
  readonly occurred_at: string;
  readonly recorded_at: string;
  /** JSON text, byte for byte as it is stored and hashed. */
  readonly data: string;
  readonly metadata: string;
  /** The hash of the preceding event in the partition; 32 zero bytes for the first. */
  readonly previous_hash: string;
  readonly hash: string;
}

export const exportedColumns = [
  'partition',
  'position',
  'order_id',
  'version',
  'type',
  'occurred_at',
  'recorded_at',
  'data',
  'metadata',
  'previous_hash',
  'hash',
] as const satisfies readonly (keyof ExportedEvent)[];

export function exportedEvent(event: StoredEvent, previousHash: Buffer): ExportedEvent {
  return {
    partition: event.partition,
    position: event.position,
    order_id: event.orderId,
    version: event.version,
    type: event.type,
    occurred_at: event.occurredAt,
    recorded_at: event.recordedAt,
    data: event.data,
    metadata: event.metadata,
    previous_hash: previousHash.toString('hex'),
    hash: event.hash.toString('hex'),
  };
}

/**
 * Computes the hash (hex) of an exported event from its content. It equals `hash` if nothing was
 * changed.
 */
export function recomputedHash(event: Omit<ExportedEvent, 'hash'>): string {
  const content = {
    partition: event.partition,
    position: event.position,
    orderId: event.order_id,
    version: event.version,
    type: event.type,
    data: event.data,
    metadata: event.metadata,
    occurredAt: event.occurred_at,
    recordedAt: event.recorded_at,
  };
  return chainHash(Buffer.from(event.previous_hash, 'hex'), content).toString('hex');
}
