import type { Pool } from '../event-log/database.js';

/** The events and deliveries of a webhook that are still to come, over all partitions. */
export interface WebhookSums {
  /** Events that wait for their first or next delivery. */
  readonly pending: number;
  /** Seconds since the oldest pending delivery was first tried, or became due; 0 without one. */
  readonly oldest_seconds: number;
  readonly dead_letters: number;
  /** Events for which deliveries have not been considered yet. */
  readonly lag: number;
}

// $1 webhooks. Each sum is a statement of its own over all partitions, because a distributed
// database does not compute it as a subquery of the table of webhooks. They take no lock. The
// partial index of its state serves each count of deliveries.
const lagSql = `
  select c.webhook_id, sum(h.head - c.position)::bigint as lag
  from webhook_checkpoints c join partition_heads h on h.partition = c.partition
  where c.webhook_id = any ($1::uuid[]) group by c.webhook_id`;
const pendingSql = `
  select d.webhook_id, count(*)::bigint as pending,
         greatest(0, extract(epoch from now() - min(coalesce(d.first_attempt_at, d.next_attempt_at))))::float8
           as oldest_seconds
  from webhook_deliveries d where d.webhook_id = any ($1::uuid[]) and d.state = 'pending' group by d.webhook_id`;
const deadSql = `
  select d.webhook_id, count(*)::bigint as dead_letters
  from webhook_deliveries d where d.webhook_id = any ($1::uuid[]) and d.state = 'dead' group by d.webhook_id`;

type Row = Partial<WebhookSums> & { readonly webhook_id: string };

const none: WebhookSums = { pending: 0, oldest_seconds: 0, dead_letters: 0, lag: 0 };

/** Reads the sums of webhooks. Rejects with the database's error. */
export async function readWebhookSums(
  pool: Pool,
  webhookIds: readonly string[],
): Promise<(webhookId: string) => WebhookSums> {
  const sums = new Map<string, WebhookSums>();
  // The lag first: an event that becomes a delivery in between is counted twice, and never missed.
  for (const text of webhookIds.length === 0 ? [] : [lagSql, pendingSql, deadSql]) {
    const { rows } = await pool.query<Row>(text, [webhookIds]);
    for (const { webhook_id: id, ...sum } of rows) sums.set(id, { ...none, ...sums.get(id), ...sum });
  }
  return (webhookId) => sums.get(webhookId) ?? none;
}
