import { hashBytes } from '../hash-chain.js';
import type { StoredEvent } from '../stored-event.js';
import type { Append } from './append.js';
import type { AppendRow } from './append-statements.js';

/**
 * Builds the events of an accepted append as the log holds them, from the append itself and the row
 * that the database returned for it. The row must have the hashes.
 */
export function committedEvents({ orderId, events }: Append, row: AppendRow, partition: number): StoredEvent[] {
  const { version, position, recorded_at: recordedAt, hashes } = row;
  if (position === null || recordedAt === null || hashes?.length !== events.length * hashBytes) {
    throw new Error(`PostgreSQL returned no positions or hashes for the append to order ${orderId}`);
  }
  return events.map((event, index) => {
    const later = events.length - 1 - index;
    return {
      partition,
      position: position - later,
      orderId,
      version: version - later,
      type: event.type,
      data: event.data,
      metadata: event.metadata,
      occurredAt: event.occurredAt,
      recordedAt,
      hash: hashes.subarray(index * hashBytes, (index + 1) * hashBytes),
    };
  });
}
