import type { Pool } from '../event-log/database.js';
import { type StoredEventRow, storedEventColumns } from '../event-log/stored-event.js';
import { firstEpoch } from '../log-epochs.js';
import { type AttemptResult, retryDelayMs } from './attempt.js';
import { webhookLimits as limits } from './limits.js';

/**
 * The life of a delivery, which sends one event to one webhook. It is a row of webhook_deliveries
 * with the key (partition, webhook_id, position). Its states:
 *
 *   waiting      state = 'pending', and at least one of these holds: next_attempt_at is in the
 *                future; an earlier delivery of the same order to the same webhook is pending; the
 *                webhook is not active (webhook-store.ts describes the states of webhooks)
 *   due          state = 'pending', and none of these holds
 *   in flight    the row is still due; the process that makes the attempt has it in memory
 *   dead letter  state = 'dead'
 *   delivered    there is no row
 *
 * Its transitions:
 *
 *   (none) → waiting, due     enqueueEvents inserts the row with attempts = 0, no first_attempt_at,
 *                             and next_attempt_at = now
 *   waiting → due             the time has come, the earlier delivery is delivered or dead, or the
 *                             webhook is active again
 *   due → in flight           the deliverer of the partition's owner sends the event
 *   in flight → delivered     the receiver responds with 2xx: the row is deleted
 *   in flight → waiting       the attempt fails: attempts + 1, last_attempt_at = now, last_error,
 *                             next_attempt_at = now + retryDelayMs(); the first failure also sets
 *                             first_attempt_at = now
 *   in flight → dead letter   the attempt fails and began giveUpAfterMs or more after
 *                             first_attempt_at: the same fields change
 *   in flight → waiting       the receiver responds with 410: the webhook becomes gone, the row
 *                             does not change
 *   dead letter → waiting,    an operator replays it: attempts = 0, no first_attempt_at, and
 *                 due         next_attempt_at = now
 *   any → (none)              the webhook is deleted
 *
 * An attempt fails if the receiver responds with any status but 2xx and 410, if the request fails
 * or times out, if the address may not be called, or if sealed data does not open.
 *
 * Order: the pending deliveries of one order to one webhook are sent one after the other, by
 * position. One that fails blocks those behind it until it is delivered or dead. It blocks no other
 * order and no other webhook. A dead letter blocks nothing; a replayed one is sent late, after
 * later events of its order.
 *
 * Crashes: if a process dies, the rows of its attempts in flight are still due. The next owner of
 * the partition sends those events again, with the same webhook-id: delivery is at least once. The
 * same happens if a result cannot be recorded, or if a process still sends after it lost the
 * partition.
 */
export interface Delivery extends StoredEventRow {
  readonly webhook_id: string;
  readonly url: string;
  readonly secret: string;
  /** The secret before the last rotation, as long as it also signs. */
  readonly previous_secret: string | null;
  readonly attempts: number;
  /**
   * The epoch in which the event was appended: from the log itself, not from what the process
   * knows.
   */
  readonly epoch: string;
  /** Milliseconds since the first failed attempt ended; null before it. */
  readonly tried_ms: number | null;
}

// $1 the partitions, $2 the number of deliveries per webhook. Returns only the earliest pending
// delivery of each order, by next_attempt_at. Locks nothing: the owner of a partition is the only
// sender. Served by the indexes webhook_deliveries_due and webhook_deliveries_order.
const dueSql = `
  select d.webhook_id, d.attempts, (extract(epoch from now() - d.first_attempt_at) * 1000)::float8 as tried_ms,
         w.url, w.secret, case when w.previous_secret_until > now() then w.previous_secret end as previous_secret,
         coalesce((select l.epoch from log_epochs l where l.partition = d.partition and l.start_position < d.position
                   order by l.number desc limit 1), '${firstEpoch}') as epoch,
         ${storedEventColumns}
  from webhooks w
  cross join lateral (
    select * from webhook_deliveries d
    where d.webhook_id = w.id and d.partition = any($1) and d.state = 'pending' and d.next_attempt_at <= now()
      and not exists (
        select from webhook_deliveries earlier
        where earlier.partition = d.partition and earlier.webhook_id = d.webhook_id and earlier.order_id = d.order_id
          and earlier.state = 'pending' and earlier.position < d.position)
    order by d.next_attempt_at, d.position
    limit $2
  ) d
  join events e on e.partition = d.partition and e."position" = d.position
  where w.state = 'active'`;

/**
 * Reads the due deliveries of partitions. Those in flight are among them, since their rows are due.
 */
export async function readDueDeliveries(pool: Pool, partitions: readonly number[]): Promise<Delivery[]> {
  const { rows } = await pool.query<Delivery>({
    name: 'webhooks-due',
    text: dueSql,
    // Up to half of them may be in flight already; the other half can follow at once.
    values: [partitions, 2 * limits.maxInFlightPerWebhook],
  });
  return rows;
}

export async function recordDelivered(pool: Pool, delivery: Delivery): Promise<void> {
  await pool.query({
    name: 'webhooks-delivered',
    text: 'delete from webhook_deliveries where partition = $1 and webhook_id = $2 and position = $3',
    values: keyOf(delivery),
  });
}

/** Records a failed attempt. @returns the new state of the delivery. */
export async function recordFailure(
  pool: Pool,
  delivery: Delivery,
  { error, retryAfterMs }: AttemptResult & { readonly result: 'failed' },
): Promise<'pending' | 'dead'> {
  const state = (delivery.tried_ms ?? 0) >= limits.giveUpAfterMs ? 'dead' : 'pending';
  await pool.query(
    `update webhook_deliveries
     set state = $4, attempts = attempts + 1, first_attempt_at = coalesce(first_attempt_at, now()), last_attempt_at = now(),
         next_attempt_at = now() + $5 * interval '1 ms', last_error = $6
     where partition = $1 and webhook_id = $2 and position = $3`,
    [...keyOf(delivery), state, retryDelayMs(delivery.attempts + 1, retryAfterMs), error],
  );
  return state;
}

function keyOf({ partition, webhook_id, position }: Delivery): [number, string, number] {
  return [partition, webhook_id, position];
}
