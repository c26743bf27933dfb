import type { Losses } from './losses.js';
import { parsePosition } from './operations.js';
import type { ShownEvent } from './orders.js';
import { isSameData } from './same-event.js';

/** An event as streams and webhooks send it. */
export interface Change {
  order_id: string;
  version: number;
  type: string;
  data: object;
  occurred_at: string;
  recorded_at: string;
  position: string;
}

/** Whether a change is the event, with its content, under the position that it had at first. */
export function isSameChange({ event, data, unknown }: ShownEvent, change: Change, losses: Losses): boolean {
  return (
    event.orderId === change.order_id &&
    event.version === change.version &&
    event.type === change.type &&
    event.occurredAt === change.occurred_at &&
    event.recordedAt === change.recorded_at &&
    losses.epochOf(event) === parsePosition(change.position)?.epoch &&
    isSameData(data, change.data, unknown)
  );
}

export const describeChange = (change: Change) =>
  `${change.position} (order ${change.order_id}, version ${change.version})`;
