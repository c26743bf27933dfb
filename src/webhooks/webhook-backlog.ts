import type { Pool } from '../event-log/database.js';
import type { Webhook } from './webhook-store.js';

/** The deliveries of a webhook that are still to come. */
export interface WebhookBacklog
  extends Pick<Webhook, 'webhook_id' | 'state' | 'breaker' | 'pending' | 'dead_letters' | 'lag'> {
  /** Seconds since the oldest pending delivery was first tried, or became due. */
  readonly oldest_seconds: number;
}

// Counts each webhook's deliveries once, by the partial indexes of their states.
const backlogsSql = `
  select w.id as webhook_id, w.state,
         case when w.failing_since is null then 'closed' when w.open_until > now() then 'open' else 'half-open' end as breaker,
         coalesce(p.pending, 0)::int as pending, coalesce(p.oldest_seconds, 0)::float8 as oldest_seconds,
         (select count(*) from webhook_deliveries d where d.webhook_id = w.id and d.state = 'dead') as dead_letters,
         (select coalesce(sum(h.head - c.position), 0)::bigint from webhook_checkpoints c
          join partition_heads h on h.partition = c.partition where c.webhook_id = w.id) as lag
  from webhooks w
  left join lateral (
    select count(*) as pending,
           greatest(0, extract(epoch from now() - min(coalesce(d.first_attempt_at, d.next_attempt_at)))) as oldest_seconds
    from webhook_deliveries d where d.webhook_id = w.id and d.state = 'pending') p on true
  order by w.created_at, w.id`;

/** Reads the backlog of every webhook. */
export async function readBacklogs(pool: Pool): Promise<WebhookBacklog[]> {
  return (await pool.query<WebhookBacklog>(backlogsSql)).rows;
}
