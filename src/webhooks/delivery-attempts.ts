import { count, type FromSchema, list, nullable, object, text, time, uuid } from '../json-schema.js';
import { formatEventPosition } from '../log-epochs.js';
import type { AttemptResult } from './attempt.js';
import type { Delivery } from './deliveries.js';

/** One attempt to deliver an event to a webhook. */
export const deliveryAttemptSchema = object({
  event: { ...text, description: 'The Event-Position of the event.' },
  order_id: uuid,
  type: text,
  attempt: { ...count, description: 'Which attempt for the event it was, from 1.' },
  at: { ...time, description: 'When the attempt began.' },
  duration_ms: count,
  result: {
    enum: ['delivered', 'failed', 'gone'],
    description: 'failed: it is tried again, or became a dead letter. gone: the receiver wants no more events.',
  },
  status: { ...nullable(count), description: 'The status of the response; null if there was none.' },
  error: { ...nullable(text), description: 'Why the attempt failed.' },
});

export const deliveryAttemptsSchema = object({ deliveries: list(deliveryAttemptSchema) });

export type DeliveryAttempt = FromSchema<typeof deliveryAttemptSchema>;

/** @param time when the event was sent, in milliseconds since 1970, and how long that took. */
export function deliveryAttempt(
  delivery: Delivery,
  result: AttemptResult,
  { begunMs, durationMs }: { readonly begunMs: number; readonly durationMs: number },
): DeliveryAttempt {
  return {
    event: formatEventPosition(delivery),
    order_id: delivery.order_id,
    type: delivery.type,
    attempt: delivery.attempts + 1,
    at: new Date(begunMs).toISOString(),
    duration_ms: Math.max(0, durationMs),
    result: result.result,
    status: result.status ?? null,
    error: result.result === 'failed' ? result.error : null,
  };
}

/** Keeps an attempt for people to look at. It never throws, and its loss harms nothing. */
export type NoteAttempt = (webhookId: string, attempt: DeliveryAttempt) => void;
