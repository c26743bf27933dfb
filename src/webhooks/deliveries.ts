import type { LogSettings, Pool } from '../event-log/database.js';
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
 *                webhook is not active (webhook-store.ts describes the states of webhooks), or its
 *                circuit breaker is open (circuit-breaker.ts)
 *   due          state = 'pending', and none of these holds
 *   in flight    the row is still due; the process that makes the attempt has it in memory
 *   dead letter  state = 'dead'
 *   delivered    there is no row
 *
 * Its transitions:
 *
 *   (none) → waiting, due     enqueueEvents inserts the row with attempts = 0, no first_attempt_at,
 *                             and next_attempt_at = now, or later behind an earlier delivery
 *   waiting → due             the time has come, the earlier delivery is delivered or dead, the
 *                             webhook is active again, or its breaker is not open any more
 *   due → in flight           the deliverer of the partition's owner sends the event
 *   in flight → delivered     the receiver responds with 2xx: the row is deleted
 *   in flight → waiting       the attempt fails: attempts + 1, last_attempt_at = now, last_error,
 *                             next_attempt_at = now + retryDelayMs(); the first failure also sets
 *                             first_attempt_at = now
 *   in flight → dead letter   the attempt fails and began giveUpAfterMs or more after
 *                             first_attempt_at: the same fields change
 *   waiting → dead letter     the delivery has failed before, its receiver accepts other events,
 *                             and maxPendingPerPartition is reached: it makes room (enqueue.ts)
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
 * later events of its order. next_attempt_at of a blocked delivery lies in the future, so that
 * queries do not scan a backlog to find what is due. It is a hint alone: whether a delivery is
 * blocked is decided when it is read, and a hint that is wrong costs `blockedRecheckMs`.
 *
 * Crashes: if a process dies, the rows of its attempts in flight are still due. The next owner of
 * the partition sends those events again, with the same webhook-id: delivery is at least once. The
 * same happens if a process still sends after it lost the partition. A result that PostgreSQL does
 * not take is recorded later, while the attempt counts as in flight.
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
  /** Whether the circuit breaker of the webhook is half-open: one delivery is sent at a time. */
  readonly half_open: boolean;
}

/** In statements that know the partition, the webhook and the position of `d`: is `d` blocked? */
const earlierPending = (partition: string) => `
  select from webhook_deliveries earlier
  where earlier.partition = ${partition} and earlier.webhook_id = d.webhook_id and earlier.order_id = d.order_id
    and earlier.state = 'pending' and earlier.position < d.position`;

// $1 the partitions, $2 deliveries per webhook, $3 maxScannedPerPartition, $4 blockedRecheckMs,
// $5 webhooks to leave out. Looks at the first deliveries by next_attempt_at of each webhook and
// partition, through the index webhook_deliveries_due. Returns those that are the earliest pending
// one of their order, by next_attempt_at. Defers the blocked ones to the next attempt of the
// earliest, through the index webhook_deliveries_order, so that the next query sees others. The
// owner of a partition is the only sender, so that rows need no locks.
// `partition` is the partition of a row of the statement. If the tables are distributed over
// servers, it is $6, the only partition.
const dueSql = (partition: (row: string) => string) => `
  with scanned as materialized (
    select w.id as webhook_id, d.partition, d.position, d.order_id, d.next_attempt_at,
           exists (${earlierPending(partition('d'))}) as blocked
    from webhooks w
    cross join unnest($1::smallint[]) as owned (partition)
    cross join lateral (
      select * from webhook_deliveries d
      where d.webhook_id = w.id and d.partition = ${partition('owned')} and d.state = 'pending' and d.next_attempt_at <= now()
      order by d.next_attempt_at, d.position
      limit $3
    ) d
    where w.state = 'active' and (w.open_until is null or w.open_until <= now()) and w.id <> all ($5::uuid[])
  ), deferred as (
    update webhook_deliveries d
    set next_attempt_at = greatest(now() + $4 * interval '1 ms', (
          select first.next_attempt_at from webhook_deliveries first
          where first.partition = ${partition('d')} and first.webhook_id = d.webhook_id and first.order_id = d.order_id
            and first.state = 'pending'
          order by first.position limit 1))
    from scanned s
    where s.blocked and d.partition = ${partition('s')} and d.webhook_id = s.webhook_id and d.position = s.position
  ), due as (
    select s.*, row_number() over (partition by s.webhook_id order by s.next_attempt_at, s.position) as nth
    from scanned s where not s.blocked
  )
  select d.webhook_id, d.attempts, (extract(epoch from now() - d.first_attempt_at) * 1000)::float8 as tried_ms,
         w.url, w.secret, case when w.previous_secret_until > now() then w.previous_secret end as previous_secret,
         coalesce((select l.epoch from log_epochs l where l.partition = d.partition and l.start_position < d.position
                   order by l.number desc limit 1), '${firstEpoch}') as epoch,
         w.failing_since is not null as half_open,
         ${storedEventColumns}
  from due
  join webhook_deliveries d
    on d.partition = ${partition('due')} and d.webhook_id = due.webhook_id and d.position = due.position
  join webhooks w on w.id = due.webhook_id
  join events e on e.partition = ${partition('due')} and e."position" = due.position
  where due.nth <= $2
  order by due.nth, due.next_attempt_at`;

const dueOfAllSql = dueSql((row) => `${row}.partition`);
const dueOfPartitionSql = dueSql(() => '$6::smallint');

/**
 * Reads the due deliveries of partitions, taking turns between webhooks. Those in flight are among
 * them, since their rows are due. If the tables are distributed over servers, it takes one
 * partition.
 * @param without webhooks that have no room for another attempt.
 */
export async function readDueDeliveries(
  pool: Pool,
  partitions: readonly number[],
  without: readonly string[],
  { appendAcrossPartitions }: Pick<LogSettings, 'appendAcrossPartitions'> = { appendAcrossPartitions: true },
): Promise<Delivery[]> {
  const { maxInFlightPerWebhook, maxScannedPerPartition, blockedRecheckMs } = limits;
  // Up to half of them may be in flight already; the other half can follow at once.
  const values = [partitions, 2 * maxInFlightPerWebhook, maxScannedPerPartition, blockedRecheckMs, without];
  const { rows } = await pool.query<Delivery>(
    appendAcrossPartitions
      ? { name: 'webhooks-due', text: dueOfAllSql, values }
      : { name: 'webhooks-due-of-partition', text: dueOfPartitionSql, values: [...values, ...partitions] },
  );
  return rows;
}

/** $1 the partition, $2 the webhook, `ended` the order and position of an ended delivery. */
const unblockNext = `
  update webhook_deliveries set next_attempt_at = now()
  where partition = $1 and webhook_id = $2 and attempts = 0 and state = 'pending' and position = (
    select min(d.position) from webhook_deliveries d, ended
    where d.partition = $1 and d.webhook_id = $2 and d.order_id = ended.order_id and d.state = 'pending'
      and d.position > ended.position)`;

/** Deletes a delivery, and makes the next one of its order due. */
export async function recordDelivered(pool: Pool, delivery: Delivery): Promise<void> {
  await pool.query({
    name: 'webhooks-delivered',
    text: `with ended as (
             delete from webhook_deliveries where partition = $1 and webhook_id = $2 and position = $3
             returning order_id, position
           ) ${unblockNext}`,
    values: keyOf(delivery),
  });
}

// $1 to $3 the delivery, $4 its new state, $5 the wait in ms, $6 the error, $7 the attempts before.
// Changes nothing if the failure is recorded already: its response was lost, and it is sent again.
const failureSql = `
  with failed as (
    update webhook_deliveries
    set state = $4, attempts = attempts + 1, first_attempt_at = coalesce(first_attempt_at, now()),
        last_attempt_at = now(), next_attempt_at = now() + $5 * interval '1 ms', last_error = $6
    where partition = $1 and webhook_id = $2 and position = $3 and state = 'pending' and attempts = $7
    returning order_id, position, state
  ), ended as (
    select order_id, position from failed where state = 'dead'
  ) ${unblockNext}`;

/** Records a failed attempt. @returns the new state of the delivery. */
export async function recordFailure(
  pool: Pool,
  delivery: Delivery,
  { error, retryAfterMs }: AttemptResult & { readonly result: 'failed' },
): Promise<'pending' | 'dead'> {
  const state = (delivery.tried_ms ?? 0) >= limits.giveUpAfterMs ? 'dead' : 'pending';
  await pool.query({
    name: 'webhooks-failed',
    text: failureSql,
    values: [...keyOf(delivery), state, retryDelayMs(delivery.attempts + 1, retryAfterMs), error, delivery.attempts],
  });
  return state;
}

function keyOf({ partition, webhook_id, position }: Delivery): [number, string, number] {
  return [partition, webhook_id, position];
}
