import type { Pool } from '../event-log/database.js';
import { keyReservationType } from '../event-log/key-reservation.js';
import { operatorStreamId } from '../event-log/operators/operator-events.js';
import { webhookLimits as limits } from './limits.js';

// $1 the partition, $2 maxPendingPerPartition. Returns the active webhooks whose checkpoint is
// behind the partition's head and that have fewer deliveries than the limit, pending and dead.
const behindSql = `
  select c.webhook_id, c.position as "from", h.head, w.event_types
  from webhook_checkpoints c
  join webhooks w on w.id = c.webhook_id and w.state = 'active'
  join partition_heads h on h.partition = c.partition
  where c.partition = $1 and c.position < h.head
    and (select count(*) from (
           select from webhook_deliveries d where d.partition = c.partition and d.webhook_id = c.webhook_id limit $2
         ) waiting) < $2`;

// $1 the partition, $2 the webhook, $3 the checkpoint's old value, $4 its new value, $5 event types
// or null, $6 the operator stream, which is no order. One statement moves the checkpoint and
// inserts the deliveries, guarded by the checkpoint's old value: each event is enqueued exactly
// once, even if a process dies or two of them enqueue at the same time. It locks the checkpoint's
// row. The checkpoint of a deleted webhook is gone, so that nothing is inserted for it.
const enqueueSql = `
  with moved as (
    update webhook_checkpoints set position = $4 where partition = $1 and webhook_id = $2 and position = $3 returning 1
  )
  insert into webhook_deliveries (partition, webhook_id, position, order_id, type)
  select e.partition, $2, e."position", e.order_id, e.type
  from events e, moved
  where e.partition = $1 and e."position" > $3 and e."position" <= $4
    and ($5::text[] is null or e.type = any($5)) and e.order_id <> $6 and e.type <> '${keyReservationType}'`;

/**
 * Creates the deliveries of a partition's new events for all active webhooks. A delivery begins
 * here; deliveries.ts describes its life.
 * @returns whether there may be more events to enqueue.
 */
export async function enqueueEvents(pool: Pool, partition: number): Promise<boolean> {
  const { rows } = await pool.query<{ webhook_id: string; from: number; head: number; event_types: string[] | null }>({
    name: 'webhooks-behind',
    text: behindSql,
    values: [partition, limits.maxPendingPerPartition],
  });
  let more = false;
  for (const { webhook_id: id, from, head, event_types: types } of rows) {
    const to = Math.min(head, from + limits.maxEnqueuedAtOnce);
    await pool.query({
      name: 'webhooks-enqueue',
      text: enqueueSql,
      values: [partition, id, from, to, types, operatorStreamId],
    });
    more ||= to < head;
  }
  return more;
}
