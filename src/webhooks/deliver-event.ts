import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { LogSettings, Pool } from '../event-log/database.js';
import { type OpenEvents, openEach, UnopenableEvent } from '../event-log/open-events.js';
import { type StoredEvent, storedEvent } from '../event-log/stored-event.js';
import { formatEventPosition } from '../log-epochs.js';
import { UnreadableEvent } from '../orders/upcast.js';
import { type AttemptResult, attempt, messageOf, type TraceAttempt, type WebhookMessage } from './attempt.js';
import { closeBreaker, FailingOrders, openBreaker } from './circuit-breaker.js';
import { type Delivery, recordDelivered, recordFailure } from './deliveries.js';
import { deliveryAttempt, type NoteAttempt } from './delivery-attempts.js';
import type { FailingWork } from './failing-work.js';
import { webhookLimits as limits } from './limits.js';
import type { SafePost } from './safe-post.js';
import { setGone } from './webhook-store.js';

export interface DeliveryOptions {
  readonly settings: LogSettings;
  readonly pool: Pool;
  /** Opens the sealed data of events. Data of forgotten persons is sent as erased. */
  readonly open: OpenEvents;
  readonly post: SafePost;
  /** Called with the result of each attempt. */
  readonly onAttempt?: (result: AttemptResult['result'] | 'dead') => void;
  /** Called with each attempt, for the list of the last ones. */
  readonly noteAttempt?: NoteAttempt;
  /** Undefined if nothing is traced. */
  readonly trace?: TraceAttempt | undefined;
  readonly log: Logger;
}

export interface DeliveryContext {
  readonly failures: FailingWork;
  readonly isOwned: (partition: number) => boolean;
  /** Aborted when the deliverer closes: ends the waits between two tries to record a result. */
  readonly closing: AbortSignal;
}

interface Attempted {
  readonly result: AttemptResult;
  /** When the event was sent, in milliseconds since 1970. */
  readonly begunMs: number;
  readonly durationMs: number;
}

/**
 * Returns a function that makes one attempt of a delivery and records its result. It rejects if the
 * result could not be recorded: the row is then still due, so that the event is sent again: at
 * least once.
 */
export function createDeliverEvent(
  options: DeliveryOptions,
  { failures, isOwned, closing }: DeliveryContext,
): (delivery: Delivery) => Promise<void> {
  const { pool, open, post, settings, onAttempt, noteAttempt, trace = untraced, log } = options;
  const failingOrders = new FailingOrders();

  /**
   * Sends an event. One that does not open fails alone and does not block deliveries of other
   * orders.
   */
  async function send(delivery: Delivery): Promise<Attempted> {
    const { url, secret, previous_secret: previous } = delivery;
    const event = await retried(delivery, async () => {
      const [opened] = await openEach(open, [storedEvent(delivery)]);
      if (!opened) throw new Error('opening an event returned no event');
      return opened;
    });
    // Opening the event may have taken long, which says nothing about the receiver.
    const begunMs = Date.now();
    const startedMs = performance.now();
    const failed = ({ message: error }: Error): Attempted => {
      return { result: { result: 'failed', error, retryAfterMs: undefined }, begunMs, durationMs: 0 };
    };
    if (event instanceof UnopenableEvent) return failed(event);
    const message = messageOrError(event, delivery);
    if (message instanceof Error) return failed(message);
    const secrets = previous === null ? [secret] : [secret, previous];
    const result = await trace(event, (headers) => attempt(post.post, url, secrets, message, headers));
    return { result, begunMs, durationMs: Math.round(performance.now() - startedMs) };
  }

  /** An event whose metadata is malformed has no message. It fails like one that does not open. */
  function messageOrError(event: StoredEvent, { epoch }: Delivery): WebhookMessage | UnreadableEvent {
    try {
      return messageOf(event, settings.logId.slice(0, 8), epoch);
    } catch (error) {
      return new UnreadableEvent(event, error);
    }
  }

  /** Each statement is repeated by itself, so that an attempt counts once. */
  async function record(delivery: Delivery, result: AttemptResult): Promise<void> {
    const { webhook_id: webhook } = delivery;
    if (result.result === 'delivered') {
      await retried(delivery, () => recordDelivered(pool, delivery));
      failingOrders.clear(webhook);
      if (delivery.half_open && (await retried(delivery, () => closeBreaker(pool, webhook)))) {
        log.info({ webhook }, 'webhooks: a receiver responds again; its deliveries continue');
      }
      onAttempt?.('delivered');
      return;
    }
    if (result.result === 'gone') {
      await retried(delivery, () => setGone(pool, webhook));
      log.warn({ webhook }, 'webhooks: a receiver responded with 410; nothing more is sent to it');
      onAttempt?.('gone');
      return;
    }
    const isDead = (await retried(delivery, () => recordFailure(pool, delivery, result))) === 'dead';
    if (isDead) log.error({ webhook, event: formatEventPosition(delivery) }, 'webhooks: an event became a dead letter');
    onAttempt?.(isDead ? 'dead' : 'failed');
    if (failingOrders.add(webhook, delivery.order_id) || delivery.half_open) await trip(delivery, result.error);
  }

  async function trip(delivery: Delivery, error: string): Promise<void> {
    const { webhook_id: webhook } = delivery;
    const change = await retried(delivery, () => openBreaker(pool, webhook, error));
    if (change === 'opened') {
      log.warn({ webhook, error }, 'webhooks: a receiver fails for all orders; it is probed until it responds');
    } else if (change === 'disabled') {
      log.error(
        { webhook, error },
        'webhooks: a receiver failed for 5 days and its webhook is disabled; `orders webhooks resume` sends its events',
      );
    }
  }

  /**
   * Repeats a task until PostgreSQL takes it. Meanwhile the attempt is in flight, so that the event
   * is not sent a second time. Gives up if the partition is lost or the deliverer closes: then the
   * next owner makes the attempt.
   */
  async function retried<T>(delivery: Delivery, task: () => Promise<T>): Promise<T> {
    for (let waitMs: number = limits.minRecordRetryMs; ; waitMs = Math.min(2 * waitMs, limits.maxRecordRetryMs)) {
      try {
        return await task();
      } catch (error) {
        if (closing.aborted || !isOwned(delivery.partition)) throw error;
        failures.failed(delivery, error);
        await pause(waitMs, undefined, { signal: closing }).catch(() => undefined);
      }
    }
  }

  return async (delivery) => {
    const { result, begunMs, durationMs } = await send(delivery);
    noteAttempt?.(delivery.webhook_id, deliveryAttempt(delivery, result, { begunMs, durationMs }));
    await record(delivery, result);
  };
}

const untraced: TraceAttempt = (_, make) => make({});
