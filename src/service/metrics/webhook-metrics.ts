import type { Registry } from 'prom-client';
import { shareFor } from '../../http/shared-calls.js';
import type { WebhookBacklog } from '../../webhooks/webhook-backlog.js';
import { addCounter, addGauge } from './metric.js';

/** Registers a counter of the attempts to deliver webhooks. @returns a function that counts one. */
export function countDeliveries(registry: Registry): (result: string) => void {
  const count = addCounter(registry, {
    name: 'orders_webhook_attempts_total',
    help:
      'Attempts to deliver a webhook, by result: delivered, failed (will be retried), dead (became a dead letter) ' +
      'or gone (the receiver responded with 410).',
    labels: ['result'],
  });
  return (result) => count({ result });
}

/** Milliseconds for which scrapes share one reading of the backlogs: it counts the deliveries. */
const backlogsSharedMs = 10_000;

/** Registers gauges of each webhook's backlog, which processes with the role projector read. */
export function measureWebhooks(registry: Registry, read: () => Promise<readonly WebhookBacklog[]>): void {
  const backlogs = shareFor(backlogsSharedMs, read);
  const add = (name: string, help: string, value: (one: WebhookBacklog) => number) =>
    addGauge(registry, {
      ...{ name, help, labels: ['webhook'] },
      collect: async (set) => {
        for (const one of await backlogs()) set(value(one), { webhook: one.webhook_id });
      },
    });
  add('orders_webhook_active', '1 if the webhook is active; 0 if it is paused, gone or disabled.', ({ state }) =>
    state === 'active' ? 1 : 0,
  );
  add(
    'orders_webhook_pending_deliveries',
    'Deliveries that are still to be made, retries included.',
    ({ pending }) => pending,
  );
  add(
    'orders_webhook_oldest_pending_seconds',
    'Seconds since the oldest pending delivery was due for the first time; 0 if none is pending.',
    ({ oldest_seconds }) => oldest_seconds,
  );
  add('orders_webhook_dead_letters', 'Deliveries that were given up.', ({ dead_letters }) => dead_letters);
  add('orders_webhook_lag_events', 'Events of the log that the delivery has not read yet.', ({ lag }) => lag);
  add(
    'orders_webhook_breaker_open',
    '1 if nothing is sent because the receiver fails for many orders; 0.5 while single deliveries probe it.',
    ({ breaker }) => (breaker === 'open' ? 1 : breaker === 'half-open' ? 0.5 : 0),
  );
}
