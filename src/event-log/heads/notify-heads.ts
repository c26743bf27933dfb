import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import { FailureLog } from '../../failure-log.js';
import type { LogSettings, Pool } from '../database.js';
import { eventLogLimits as limits } from '../limits.js';
import type { HeadMoved } from './head-moved.js';

/** The NOTIFY channel of a log. Several logs may be in one database, each in its own schema. */
export function headsChannel({ logId }: Pick<LogSettings, 'logId'>): string {
  return `orders_heads_${logId.slice(0, 8)}`;
}

/** The payload of a notification: the heads that moved. */
export type HeadsPayload = readonly (readonly [partition: number, position: number])[];

/**
 * Reads the payload of a notification. Every role of the database may notify: whatever is not the
 * head of a partition is left out.
 */
export function parseHeads(payload: string, { partitions }: Pick<LogSettings, 'partitions'>): HeadsPayload {
  return entriesOf(payload).flatMap((entry: unknown) => {
    const [partition, position]: unknown[] = Array.isArray(entry) ? entry : [];
    return isWithin(partition, partitions - 1) && isWithin(position, Number.MAX_SAFE_INTEGER)
      ? [[partition, position] as const]
      : [];
  });
}

function entriesOf(payload: string): unknown[] {
  try {
    const parsed: unknown = JSON.parse(payload);
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    return [];
  }
}

function isWithin(value: unknown, max: number): value is number {
  return Number.isInteger(value) && typeof value === 'number' && value >= 0 && value <= max;
}

/**
 * Sends notifications for the heads that this process has moved. One notification covers all heads
 * that have moved since the one before it. The first is sent at once; under load they are
 * `notifyIntervalMs` apart.
 *
 * NOTIFY is sent outside the append's transaction on purpose: a commit that notifies takes a lock
 * on the whole server. A notification is only a hint. If one is lost, the readers find the events
 * when they next poll the heads.
 */
export function createHeadsNotifier(
  pool: Pool,
  settings: Pick<LogSettings, 'logId'>,
  log: Logger,
): (head: HeadMoved) => void {
  const channel = headsChannel(settings);
  const moved = new Map<number, number>();
  let sending = false;
  const failures = new FailureLog(log, {
    failing: 'a notification was not sent; readers find the events when they next poll',
    over: 'notifications are sent again',
  });

  async function send(): Promise<void> {
    if (sending) return;
    sending = true;
    while (moved.size > 0) {
      const payload: HeadsPayload = [...moved];
      moved.clear();
      try {
        await pool.query({
          name: 'notify-heads',
          text: 'select pg_notify($1, $2)',
          values: [channel, JSON.stringify(payload)],
        });
        failures.succeeded();
      } catch (error) {
        // A process that stops has closed its pool already, which is no reason to warn.
        if (!pool.ending) failures.failed(error);
      }
      if (moved.size > 0) await setTimeout(limits.notifyIntervalMs);
    }
    sending = false;
  }

  return ({ partition, position }) => {
    moved.set(partition, Math.max(position, moved.get(partition) ?? 0));
    void send();
  };
}
