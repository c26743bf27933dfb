import { inTransaction } from '../event-log/connection/in-transaction.js';
import type { LogSettings, Pool } from '../event-log/database.js';
import { keyReservationType } from '../event-log/key-reservation.js';
import { operatorStreamId } from '../event-log/operators/operator-events.js';
import { webhookLimits as limits } from './limits.js';

// $1 the partition, $2 maxPendingPerPartition. Returns the active webhooks whose checkpoint is
// behind the partition's head, and whether they have as many pending deliveries as the limit.
const behindSql = `
  select c.webhook_id, c.position as "from", h.head, w.event_types, w.failing_since is not null as failing,
         (select count(*) from (
            select from webhook_deliveries d
            where d.partition = $1 and d.webhook_id = c.webhook_id and d.state = 'pending' limit $2
          ) pending) >= $2 as full
  from webhook_checkpoints c
  join webhooks w on w.id = c.webhook_id and w.state = 'active'
  join partition_heads h on h.partition = $1
  where c.partition = $1 and c.position < h.head`;

// $1 the partition, $2 the webhook, $3 the checkpoint's old value, $4 its new value, $5 event types
// or null, $6 the operator stream, which is no order. One statement moves the checkpoint and
// inserts the deliveries, guarded by the checkpoint's old value: each event is enqueued exactly
// once, even if a process dies or two of them enqueue at the same time. It locks the checkpoint's
// row. The checkpoint of a deleted webhook is gone, so that nothing is inserted for it.
// next_attempt_at is later for events behind a pending one of their order: $7 blockedRecheckMs.
const moveSql = `
  update webhook_checkpoints set position = $4 where partition = $1 and webhook_id = $2 and position = $3`;
const insertSql = (moved: string) => `
  insert into webhook_deliveries (partition, webhook_id, position, order_id, type, next_attempt_at)
  select e.partition, $2, e."position", e.order_id, e.type,
         case when first.next_attempt_at is not null then greatest(now() + $7 * interval '1 ms', first.next_attempt_at)
              when row_number() over (partition by e.order_id order by e."position") > 1
                then now() + $7 * interval '1 ms'
              else now() end
  from ${moved}events e
  left join lateral (
    select d.next_attempt_at from webhook_deliveries d
    where d.partition = $1 and d.webhook_id = $2 and d.order_id = e.order_id and d.state = 'pending'
    order by d.position limit 1
  ) first on true
  where e.partition = $1 and e."position" > $3 and e."position" <= $4
    and ($5::text[] is null or e.type = any($5)) and e.order_id <> $6 and e.type <> '${keyReservationType}'`;

const enqueueSql = `with moved as (${moveSql} returning 1) ${insertSql('moved cross join ')}`;
/** A distributed database needs the two statements in a transaction. */
const insertMovedSql = insertSql('');

// $1 the partition, $2 the webhook, $3 maxEarlyDeadLetters. The deliveries that have failed for the
// longest time become dead letters.
const makeRoomSql = `
  update webhook_deliveries set state = 'dead'
  where partition = $1 and webhook_id = $2 and position in (
    select d.position from webhook_deliveries d
    where d.partition = $1 and d.webhook_id = $2 and d.state = 'pending' and d.attempts > 0
    order by d.first_attempt_at limit $3)`;

// $1 the partition, $2 the webhook. Lets deliveries behind those that became dead letters be looked
// at; those that are still blocked are deferred again.
const recheckBlockedSql = `
  update webhook_deliveries set next_attempt_at = now()
  where partition = $1 and webhook_id = $2 and state = 'pending' and attempts = 0 and next_attempt_at > now()`;

interface BehindRow {
  readonly webhook_id: string;
  readonly from: number;
  readonly head: number;
  readonly event_types: string[] | null;
  readonly failing: boolean;
  readonly full: boolean;
}

/**
 * Creates the deliveries of a partition's new events for all active webhooks. A delivery begins
 * here; deliveries.ts describes its life.
 * @param onEarlyDeadLetters called with a webhook and the number of its deliveries that failed and
 *   became dead letters before their 24 hours, to make room.
 * @returns whether there may be more events to enqueue.
 */
export async function enqueueEvents(
  pool: Pool,
  partition: number,
  onEarlyDeadLetters: (webhookId: string, count: number) => void = () => undefined,
  { appendAcrossPartitions }: Pick<LogSettings, 'appendAcrossPartitions'> = { appendAcrossPartitions: true },
): Promise<boolean> {
  const { rows } = await pool.query<BehindRow>({
    name: 'webhooks-behind',
    text: behindSql,
    values: [partition, limits.maxPendingPerPartition],
  });
  let more = false;
  for (const { webhook_id: id, from, head, event_types: types, failing, full } of rows) {
    if (full) {
      // A receiver that fails for everything keeps its events in the log until it is back.
      if (failing) continue;
      const made = await makeRoom(pool, partition, id);
      if (made === 0) continue;
      onEarlyDeadLetters(id, made);
    }
    const to = Math.min(head, from + limits.maxEnqueuedAtOnce);
    const values = [partition, id, from, to, types, operatorStreamId, limits.blockedRecheckMs];
    if (appendAcrossPartitions) await pool.query({ name: 'webhooks-enqueue', text: enqueueSql, values });
    else await enqueueInTransaction(pool, values);
    more ||= to < head;
  }
  return more;
}

async function enqueueInTransaction(pool: Pool, values: readonly unknown[]): Promise<void> {
  await inTransaction(pool, async (client) => {
    const { rowCount } = await client.query(moveSql, values.slice(0, 4));
    if (rowCount === 1) await client.query(insertMovedSql, [...values]);
  });
}

/** @returns the number of deliveries that became dead letters */
async function makeRoom(pool: Pool, partition: number, webhookId: string): Promise<number> {
  const { rowCount } = await pool.query(makeRoomSql, [partition, webhookId, limits.maxEarlyDeadLetters]);
  if (rowCount) await pool.query(recheckBlockedSql, [partition, webhookId]);
  return rowCount ?? 0;
}
