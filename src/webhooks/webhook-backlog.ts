import type { Pool } from '../event-log/database.js';
import type { Webhook } from './webhook-store.js';
import { readWebhookSums } from './webhook-sums.js';

/** The deliveries of a webhook that are still to come. */
export interface WebhookBacklog
  extends Pick<Webhook, 'webhook_id' | 'state' | 'breaker' | 'pending' | 'dead_letters' | 'lag'> {
  /** Seconds since the oldest pending delivery was first tried, or became due. */
  readonly oldest_seconds: number;
}

const webhooksSql = `
  select w.id as webhook_id, w.state,
         case when w.failing_since is null then 'closed' when w.open_until > now() then 'open' else 'half-open' end as breaker
  from webhooks w order by w.created_at, w.id`;

/** Reads the backlog of every webhook. */
export async function readBacklogs(pool: Pool): Promise<WebhookBacklog[]> {
  const { rows } = await pool.query<Pick<WebhookBacklog, 'webhook_id' | 'state' | 'breaker'>>(webhooksSql);
  const sumsOf = await readWebhookSums(
    pool,
    rows.map(({ webhook_id: id }) => id),
  );
  return rows.map((row) => ({ ...row, ...sumsOf(row.webhook_id) }));
}
