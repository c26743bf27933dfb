import type { StoredEvent } from '../event-log/stored-event.js';

/** An event as it is exported: everything that its hash covers, so a reader can check it with nothing else. Hashes in hex. */
export interface ExportedEvent {
  readonly partition: number;
  readonly position: number;
  readonly order_id: string;
  readonly version: number;
  readonly type: string;
  readonly occurred_at: string;
  readonly recorded_at: string;
  /** JSON text, byte by byte as it is stored and hashed. */
  readonly data: string;
  readonly metadata: string;
  /** The hash of the event before it in the partition. */
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

/** RFC 4180: quoted where needed. Nothing else is changed, or the hash would not hold: import it as text into a spreadsheet. */
export function csvLine(values: readonly (string | number)[]): string {
  const fields = values.map((value) => {
    const text = String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  });
  return `${fields.join(',')}\r\n`;
}
