import type { EventMetadata } from '../../orders/events.js';
import type { AppendEvents } from '../append/append.js';
import { type ReadStream, streamPages } from '../read/read-stream.js';
import type { StoredEvent } from '../stored-event.js';
import { appendAtEnd } from './append-at-end.js';

/**
 * The stream of operator events, which record what operators did to the service itself. It is in
 * the log beside the orders' streams, so it is just as durable and tamper-evident, and part of
 * every replay. No order has this id; commands on it are rejected.
 */
export const operatorStreamId = '00000000-0000-8000-8000-6f7065726174';

export type OperatorEvent =
  | {
      /** An operator let a projection skip an event that it cannot fold. */
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
      /** A person's key was destroyed. The event names the key's id, not the person. */
      readonly type: 'PersonForgotten';
      readonly data: { readonly person: string; readonly orders: number; readonly reason: string };
    }
  | {
      /** A new epoch of the log began, after its end was lost. start_epoch.sql writes it. */
      readonly type: 'LogEpochStarted';
      readonly data: {
        readonly epoch: string;
        readonly previous_epoch: string;
        /** By partition: the last position before the epoch. */
        readonly starts_after: Readonly<Record<string, number>>;
        readonly reason: string;
        readonly lost: object | null;
        readonly clock_reset: boolean;
        readonly last_recorded_at: string | null;
      };
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

/** Yields all operator events, oldest first: over the years, many persons may be forgotten. */
export async function* readOperatorEvents(readStream: ReadStream): AsyncGenerator<RecordedOperatorEvent> {
  for await (const { events } of streamPages(readStream, operatorStreamId)) {
    for (const { type, data, metadata, version, recordedAt, position } of events) {
      // Only recordOperatorEvent and start_epoch.sql write to this stream.
      const operatorEvent = { type, data: JSON.parse(data) } as OperatorEvent;
      yield { ...operatorEvent, version, recordedAt, position, metadata: JSON.parse(metadata) as EventMetadata };
    }
  }
}

/** Appends an operator event. Resolves with its position once it is durable. */
export async function recordOperatorEvent(
  readStream: ReadStream,
  append: AppendEvents,
  operatorEvent: OperatorEvent,
  actor: string,
): Promise<{ partition: number; position: number }> {
  const metadata: EventMetadata = { schema: 1, actor };
  const appended = await appendAtEnd(readStream, append, operatorStreamId, () => ({
    type: operatorEvent.type,
    data: JSON.stringify(operatorEvent.data),
    metadata: JSON.stringify(metadata),
    occurredAt: new Date().toISOString(),
  }));
  if (!appended) throw new Error('the operator event was not recorded');
  return appended;
}
