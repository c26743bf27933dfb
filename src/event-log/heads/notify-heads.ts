import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Pool } from '../database.js';
import { eventLogLimits as limits } from '../limits.js';
import type { HeadMoved } from './head-moved.js';

/** The NOTIFY channel: the sender and the listener share it. */
export const headsChannel = 'orders_heads';

/** A notification's payload: [partition, position] of every head that moved. */
export type HeadsPayload = [partition: number, position: number][];

/**
 * Sends one small notification for all that this process has committed since the last one, at once when it has been quiet,
 * and some at a time when it has not. Outside the append's
 * transaction on purpose: a commit that notifies takes a lock on the whole server. It is only a hint: if it is lost,
 * the readers' poll finds the events.
 */
export function createHeadsNotifier(pool: Pool, log: Logger): (head: HeadMoved) => void {
  const moved = new Map<number, number>();
  let sending = false;

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
          values: [headsChannel, JSON.stringify(payload)],
        });
      } catch (error) {
        // A process that is leaving has closed its pool: nothing to warn of.
        log[pool.ending ? 'debug' : 'warn'](
          { err: error },
          'a wake-up was not sent; readers find the events when they next poll',
        );
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
