import { randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import type { StoredEvent } from '../event-log/stored-event.js';
import { firstEpoch, formatEventPosition } from '../log-epochs.js';
import { changeDocument } from '../orders/change-document.js';
import type { EventMetadata } from '../orders/events.js';
import { describeConnectionError } from './connection-error.js';
import { webhookLimits as limits } from './limits.js';
import type { SafePost } from './safe-post.js';

/** A message as it is sent: its id and its body are signed. */
export interface WebhookMessage {
  readonly id: string;
  readonly body: string;
}

/** `status` is that of the response; absent if there was none. */
export type AttemptResult =
  | { readonly result: 'delivered'; readonly status: number }
  /** The receiver responded with 410: it wants no more events. */
  | { readonly result: 'gone'; readonly status: number }
  | {
      readonly result: 'failed';
      readonly status?: number;
      readonly error: string;
      readonly retryAfterMs: number | undefined;
    };

/** Makes an attempt to deliver an event, with further headers, within a span of its own. */
export type TraceAttempt = (
  event: StoredEvent,
  attempt: (headers: Readonly<Record<string, string>>) => Promise<AttemptResult>,
) => Promise<AttemptResult>;

/**
 * Creates the message of an event. Its id and its body are the same at every attempt, so that a
 * receiver can recognise repetitions. Only an erasure of personal data changes the body. Two events
 * never have the same id: if one was lost in a restore, the event that got its position has another
 * epoch.
 * @param log the first 8 hex digits of the log's id.
 * @param epoch the epoch of the log in which the event was appended.
 */
export function messageOf(event: StoredEvent, log: string, epoch: string): WebhookMessage {
  const { actor } = JSON.parse(event.metadata) as EventMetadata;
  const { partition, position } = event;
  const isFirst = epoch === firstEpoch;
  const data = changeDocument(formatEventPosition({ partition, position, epoch }), {
    order_id: event.orderId,
    version: event.version,
    type: event.type,
    data: JSON.parse(event.data),
    actor,
    occurred_at: event.occurredAt,
    recorded_at: event.recordedAt,
  });
  return {
    id: `evt_${log}_${isFirst ? '' : `${epoch}_`}${partition}_${position}`,
    body: JSON.stringify({ type: event.type, timestamp: event.recordedAt, data }),
  };
}

/** Creates a message that is no event, with which operators try a receiver. */
export function testMessage(webhookId: string): WebhookMessage {
  const timestamp = new Date().toISOString();
  return {
    id: `test_${randomUUID()}`,
    body: JSON.stringify({ type: 'webhook.test', timestamp, data: { webhook_id: webhookId } }),
  };
}

/** Sends a message once, signed with each of the secrets (Standard Webhooks 1.0). */
export async function attempt(
  post: SafePost['post'],
  url: string,
  secrets: readonly string[],
  { id, body }: WebhookMessage,
  headers: Readonly<Record<string, string>> = {},
): Promise<AttemptResult> {
  const now = new Date();
  const signatures = secrets.map((secret) => new Webhook(secret).sign(id, now, body));
  try {
    const { status, retryAfter } = await post(
      url,
      {
        'content-type': 'application/json',
        'user-agent': 'order-service-webhooks',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        'webhook-signature': signatures.join(' '),
        ...headers,
      },
      body,
    );
    if (status >= 200 && status < 300) return { result: 'delivered', status };
    if (status === 410) return { result: 'gone', status };
    const retryAfterMs = milliseconds(retryAfter, now);
    return { result: 'failed', status, error: `responded with status ${status}`, retryAfterMs };
  } catch (error) {
    const text = describeConnectionError(error).slice(0, limits.maxErrorLength);
    return { result: 'failed', error: text, retryAfterMs: undefined };
  }
}

/**
 * Returns the wait after a number of failed attempts: exponential, made up to a half shorter by
 * jitter, at least the receiver's Retry-After, and at most `maxRetryDelayMs`.
 */
export function retryDelayMs(
  attempts: number,
  retryAfterMs: number | undefined,
  random: () => number = Math.random,
): number {
  const exponential = Math.min(limits.minRetryDelayMs * 2 ** Math.min(attempts - 1, 30), limits.maxRetryDelayMs);
  const jittered = exponential * (0.5 + random() / 2);
  return Math.round(Math.min(Math.max(jittered, retryAfterMs ?? 0), limits.maxRetryDelayMs));
}

/** Converts Retry-After (RFC 9110, 10.2.3), which holds seconds or a date, to milliseconds. */
function milliseconds(retryAfter: string | undefined, now: Date): number | undefined {
  if (retryAfter === undefined) return undefined;
  if (/^\d{1,9}$/.test(retryAfter)) return Number(retryAfter) * 1000;
  const at = Date.parse(retryAfter);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime());
}
