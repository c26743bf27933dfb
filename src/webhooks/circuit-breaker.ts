import type { Pool } from '../event-log/database.js';
import { webhookLimits as limits } from './limits.js';

/**
 * One circuit breaker per webhook keeps a receiver that fails for everything from costing attempts,
 * connections and retries. Its columns in the table webhooks, and its states:
 *
 *   closed      failing_since is null: deliveries are sent as they become due
 *   open        open_until is in the future: nothing is sent
 *   half-open   failing_since is set and open_until is past: each process sends one delivery, the
 *               probe, at a time
 *
 * Its transitions:
 *
 *   closed → open         attempts for `breakerFailingOrders` different orders failed in a row in
 *                         one process, without a success between: failing_since = now
 *   half-open → open      the probe failed: breaker_trips + 1; the wait doubles, from
 *                         minBreakerOpenMs to maxBreakerOpenMs
 *   half-open → closed    a delivery succeeded: all columns are reset
 *   any → closed          an operator sets the webhook's state: all columns are reset
 *
 * A webhook whose breaker opens again `disableAfterMs` after failing_since becomes disabled.
 *
 * One order that fails opens nothing: its own retries wait longer each time. The count of failing
 * orders is in memory; a process that starts counts from zero.
 */
export class FailingOrders {
  readonly #byWebhook = new Map<string, Set<string>>();

  /**
   * Counts a failed attempt.
   * @returns whether the breaker has to open. The count then starts from zero: otherwise attempts
   *   that were in flight when the breaker opened would open it again in the half-open state,
   *   before its probe is sent.
   */
  add(webhookId: string, orderId: string): boolean {
    const orders = this.#byWebhook.get(webhookId) ?? new Set();
    orders.add(orderId);
    if (orders.size < limits.breakerFailingOrders) {
      this.#byWebhook.set(webhookId, orders);
      return false;
    }
    this.#byWebhook.delete(webhookId);
    return true;
  }

  clear(webhookId: string): void {
    this.#byWebhook.delete(webhookId);
  }
}

// $1 the webhook, $2 minBreakerOpenMs, $3 maxBreakerOpenMs, $4 disableAfterMs. Returns the row as
// it is to be; no row while the breaker is open: attempts that were in flight when it opened count
// once. Takes no lock.
const nextStateSql = `
  select breaker_trips as trips_before, coalesce(failing_since, now()) as failing_since,
         now() + least($2 * power(2, least(breaker_trips, 30)), $3) * interval '1 ms' as open_until,
         case when failing_since <= now() - $4 * interval '1 ms' then 'disabled' else state end as state
  from webhooks
  where id = $1 and state = 'active' and (open_until is null or open_until <= now())`;

// $1 the webhook, $2 the error, $3 to $6 the columns of nextStateSql. Changes nothing if another
// process has opened or closed the breaker since. A statement of its own: a distributed database
// has several copies of the row, and computes no change of it from the time.
const openSql = `
  update webhooks
  set failing_since = $4, open_until = $5, breaker_trips = $3::integer + 1, last_error = $2, state = $6
  where id = $1 and state = 'active' and breaker_trips = $3::integer`;

interface NextState {
  readonly trips_before: number;
  readonly failing_since: string;
  readonly open_until: string;
  readonly state: string;
}

/**
 * Opens the breaker of a webhook, or disables the webhook if it has failed for days.
 * @returns what changed; undefined if the breaker is open already.
 */
export async function openBreaker(
  pool: Pool,
  webhookId: string,
  error: string,
): Promise<'opened' | 'opened again' | 'disabled' | undefined> {
  const { minBreakerOpenMs, maxBreakerOpenMs, disableAfterMs } = limits;
  const { rows } = await pool.query<NextState>({
    name: 'webhooks-next-breaker-state',
    text: nextStateSql,
    values: [webhookId, minBreakerOpenMs, maxBreakerOpenMs, disableAfterMs],
  });
  const [next] = rows;
  if (!next) return undefined;
  const { rowCount } = await pool.query({
    name: 'webhooks-open-breaker',
    text: openSql,
    values: [webhookId, error, next.trips_before, next.failing_since, next.open_until, next.state],
  });
  if (rowCount !== 1) return undefined;
  if (next.state === 'disabled') return 'disabled';
  return next.trips_before === 0 ? 'opened' : 'opened again';
}

/** @returns whether the breaker was not closed before. */
export async function closeBreaker(pool: Pool, webhookId: string): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'webhooks-close-breaker',
    text: `update webhooks set failing_since = null, open_until = null, breaker_trips = 0, last_error = null
           where id = $1 and failing_since is not null`,
    values: [webhookId],
  });
  return rowCount === 1;
}
