import type { WebhookRecord } from '../history.js';
import { type Change, describeChange, isSameChange } from './changes.js';
import { parseJson } from './json.js';
import type { Losses } from './losses.js';
import { parsePosition } from './operations.js';
import type { ShownEvents } from './orders.js';
import { signatureProblem } from './webhook-signature.js';

/** A delivery may wait this long in a connection, and arrive after the restore that lost it. */
const lateMs = 15_000;

export interface WebhookContext {
  readonly shown: ShownEvents;
  readonly logId: string;
  readonly losses: Losses;
  readonly secret: string;
}

/**
 * The receiver of a webhook accepted every event of the log, the events of an order in order, and
 * one id always meant one event (docs/webhooks.md). Each delivery is signed, and has the content of
 * its event. The webhook is older than the first command.
 */
export function checkWebhooks(
  records: readonly WebhookRecord[],
  { shown, logId, losses, secret }: WebhookContext,
  count: (what: string) => void,
): string[] {
  const anomalies: string[] = [];
  const byId = new Map<string, Change>();
  /** The versions that were accepted, by order. */
  const accepted = new Map<string, Set<number>>();
  for (const record of records) {
    const id = record.headers['webhook-id'] ?? '';
    count('deliveries');
    const unsigned = signatureProblem(record, secret);
    if (unsigned !== undefined) anomalies.push(`delivery ${id} ${unsigned}.`);
    const change = changeIn(record.body);
    if (!change) {
      anomalies.push(`delivery ${id} is no event: ${record.body.slice(0, 500)}.`);
      continue;
    }
    const name = `${id} (order ${change.order_id}, version ${change.version})`;
    const other = byId.get(id);
    if (other && !isSameEvent(other, change))
      anomalies.push(`delivery ${name} has the id of order ${other.order_id}, version ${other.version}.`);
    byId.set(id, change);
    const position = parsePosition(change.position);
    if (!position || id !== idOf(logId, change.position))
      anomalies.push(`delivery ${name} is of the event at ${change.position}.`);
    const event = shown.get(`${position?.partition}:${position?.position}`);
    if (!event || !isSameChange(event, change, losses)) {
      // Events that a restore has lost since are as they were; nothing is known of them any more.
      if (!position || !losses.hasLostPosition(position, record.at - lateMs))
        anomalies.push(`delivery ${id} is ${describeChange(change)}, which the log does not have.`);
      continue;
    }
    const known = accepted.get(change.order_id) ?? new Set();
    accepted.set(change.order_id, known);
    if (change.version > 1 && !known.has(change.version - 1))
      anomalies.push(`delivery ${name} was sent before version ${change.version - 1} was accepted.`);
    if (record.answered >= 200 && record.answered < 300) known.add(change.version);
  }
  for (const { event } of shown.values())
    if (!accepted.get(event.orderId)?.has(event.version))
      anomalies.push(
        `the webhook never delivered ${event.partition}:${event.position} (order ${event.orderId}, version ${event.version}).`,
      );
  return anomalies;
}

function changeIn(body: string): Change | undefined {
  const message = parseJson(body) as { type?: unknown; data?: Change } | null | undefined;
  const change = message?.data;
  return typeof change === 'object' && change !== null && message?.type === change.type ? change : undefined;
}

/** `5:120@2-9f3a01bc` of log 3f9a1c20-… is delivered as `evt_3f9a1c20_2-9f3a01bc_5_120`. */
function idOf(logId: string, position: string): string {
  const [place = '', epoch] = position.split('@');
  return ['evt', logId.slice(0, 8), ...(epoch === undefined ? [] : [epoch]), place.replace(':', '_')].join('_');
}

const isSameEvent = (one: Change, other: Change) =>
  one.order_id === other.order_id &&
  one.version === other.version &&
  one.type === other.type &&
  one.position === other.position &&
  one.recorded_at === other.recorded_at;
