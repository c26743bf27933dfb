import type { WebhookRecord } from '../history.js';
import { isOrderEvent, type Log } from './log.js';
import { parsePosition } from './operations.js';
import { type Change, isSameChange } from './streams.js';

/**
 * The receiver of a webhook accepted every event of the log, the events of an order in order, and
 * one id always meant one event (docs/webhooks.md). The webhook is older than the first command.
 */
export function checkWebhooks(records: readonly WebhookRecord[], log: Log, count: (what: string) => void): string[] {
  const anomalies: string[] = [];
  const events = new Map(
    log.events.filter(isOrderEvent).map((event) => [`${event.partition}:${event.position}`, event]),
  );
  const byId = new Map<string, Change>();
  /** The versions that were accepted, by order. */
  const accepted = new Map<string, Set<number>>();
  for (const record of records) {
    const { type, data: change } = record.body as { type: string; data: Change };
    if (type === 'webhook.test') continue;
    const id = record.headers['webhook-id'] ?? '';
    const name = `${id} (order ${change.order_id}, version ${change.version})`;
    count('deliveries');
    const other = byId.get(id);
    if (other && !isSameEvent(other, change))
      anomalies.push(`delivery ${name} has the id of order ${other.order_id}, version ${other.version}.`);
    byId.set(id, change);
    const position = parsePosition(change.position);
    if (!position || !id.endsWith(`_${position.partition}_${position.position}`))
      anomalies.push(`delivery ${name} is of the event at ${change.position}.`);
    const event = events.get(`${position?.partition}:${position?.position}`);
    // Events that a restore has lost since are as they were; nothing is known of them any more.
    if (!event || !isSameChange(event, change)) continue;
    const known = accepted.get(change.order_id) ?? new Set();
    accepted.set(change.order_id, known);
    if (change.version > 1 && !known.has(change.version - 1))
      anomalies.push(`delivery ${name} was sent before version ${change.version - 1} was accepted.`);
    if (record.answered >= 200 && record.answered < 300) known.add(change.version);
  }
  for (const event of events.values())
    if (!accepted.get(event.orderId)?.has(event.version))
      anomalies.push(
        `the webhook never delivered ${event.partition}:${event.position} (order ${event.orderId}, version ${event.version}).`,
      );
  return anomalies;
}

const isSameEvent = (one: Change, other: Change) =>
  one.order_id === other.order_id &&
  one.version === other.version &&
  one.type === other.type &&
  one.position === other.position &&
  one.recorded_at === other.recorded_at;
