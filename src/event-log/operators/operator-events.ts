import type { EventMetadata } from '../../orders/events.js';
import type { AppendEvents } from '../append/append.js';
import type { ReadStream } from '../read/read-stream.js';
import type { StoredEvent } from '../stored-event.js';
import { appendAtEnd } from './append-at-end.js';

/**
 * What operators have done to the service itself: a stream of the log beside those of the orders, so it is as durable,
 * as tamper-evident and as much a part of every replay as they are. Its id is no order's: commands on it are refused.
 */
export const operatorStreamId = '00000000-0000-8000-8000-6f7065726174';

export type OperatorEvent =
  | {
      /** An operator decided that a projection passes over an event that it can't fold. */
      readonly type: 'ProjectionEventSkipped';
      readonly data: {
        readonly projection: string;
        readonly partition: number;
        readonly position: number;
        readonly order_id: string | null;
        readonly event_type: string | null;
        readonly reason: string;
      };
    }
  | {
      /** A person's key was destroyed. Names the key and not the person. */
      readonly type: 'PersonForgotten';
      readonly data: { readonly person: string; readonly orders: number; readonly reason: string };
    };

export type RecordedOperatorEvent = OperatorEvent & {
  readonly version: number;
  readonly recordedAt: string;
  readonly position: number;
  readonly metadata: EventMetadata;
};

export function isOperatorEvent({ orderId }: Pick<StoredEvent, 'orderId'>): boolean {
  return orderId === operatorStreamId;
}

/** Everything that operators have done, oldest first. */
export async function readOperatorEvents(readStream: ReadStream): Promise<RecordedOperatorEvent[]> {
  const events = await readStream(operatorStreamId);
  return events.map((event) => {
    // The stream only holds what recordOperation has written.
    const operation = { type: event.type, data: JSON.parse(event.data) } as OperatorEvent;
    const metadata = JSON.parse(event.metadata) as EventMetadata;
    return { ...operation, version: event.version, recordedAt: event.recordedAt, position: event.position, metadata };
  });
}

/** Appends to the operations' stream. Resolves with the event's place once it is durable. */
export async function recordOperatorEvent(
  readStream: ReadStream,
  append: AppendEvents,
  operation: OperatorEvent,
  actor: string,
): Promise<{ partition: number; position: number }> {
  const metadata: EventMetadata = { schema: 1, actor };
  const place = await appendAtEnd(readStream, append, operatorStreamId, () => ({
    type: operation.type,
    data: JSON.stringify(operation.data),
    metadata: JSON.stringify(metadata),
    occurredAt: new Date().toISOString(),
  }));
  if (!place) throw new Error('an operation was not recorded');
  return place;
}
