import { randomBytes, randomUUID } from 'node:crypto';
import type { Pool } from '../event-log/database.js';
import { webhookLimits as limits } from './limits.js';

/** A subscription, and how far it is. */
export interface Webhook {
  readonly webhook_id: string;
  readonly url: string;
  /** Null: events of every type. */
  readonly event_types: readonly string[] | null;
  readonly state: 'active' | 'paused' | 'gone';
  readonly created_at: string;
  readonly created_by: string;
  readonly pending: number;
  readonly dead_letters: number;
  readonly lag: number;
}

export type WebhookWithSecret = Webhook & { readonly secret: string };

/** An event that could not be delivered in time. */
export interface DeadLetter {
  /** partition:position */
  readonly event: string;
  readonly order_id: string;
  readonly type: string;
  readonly attempts: number;
  readonly first_attempt_at: string;
  readonly last_attempt_at: string;
  readonly last_error: string;
}

/** A place in the log. */
export interface EventPlace {
  readonly partition: number;
  readonly position: number;
}

/** The subscriptions, for those who manage them. All reject with the database's error. */
export interface WebhookStore {
  /** Subscribes from now on. Undefined where there are as many as there may be. */
  create(url: string, eventTypes: readonly string[] | undefined, by: string): Promise<WebhookWithSecret | undefined>;
  list(): Promise<Webhook[]>;
  find(id: string): Promise<Webhook | undefined>;
  /** False where there is none. So for the others. */
  delete(id: string): Promise<boolean>;
  setState(id: string, state: 'active' | 'paused'): Promise<boolean>;
  /** The new secret. */
  rotateSecret(id: string): Promise<string | undefined>;
  deadLetters(id: string, after: EventPlace | undefined, limit: number): Promise<DeadLetter[]>;
  /** Tries dead letters again, one or all: how many. Their day begins anew. */
  replay(id: string, event: EventPlace | undefined): Promise<number>;
}

const webhooksSql = `
  select w.id as webhook_id, w.url, w.event_types, w.state, w.created_at, w.created_by,
         (select count(*) from webhook_deliveries d where d.webhook_id = w.id and d.state = 'pending') as pending,
         (select count(*) from webhook_deliveries d where d.webhook_id = w.id and d.state = 'dead') as dead_letters,
         (select coalesce(sum(l.head - c.position), 0)::bigint from webhook_checkpoints c
          join logs l on l.partition = c.partition where c.webhook_id = w.id) as lag
  from webhooks w`;

export function createWebhookStore(pool: Pool): WebhookStore {
  const find = async (id: string): Promise<Webhook | undefined> =>
    (await pool.query<Webhook>(`${webhooksSql} where w.id = $1`, [id])).rows[0];

  return {
    async create(url, eventTypes, by) {
      const id = randomUUID();
      const secret = newSecret();
      // One statement: the checkpoints stand where the log ended when the subscription was made.
      const { rowCount } = await pool.query(
        `with created as (
           insert into webhooks (id, url, event_types, secret, created_by)
           select $1, $2, $3, $4, $5 where (select count(*) from webhooks) < $6
           returning id
         )
         insert into webhook_checkpoints (partition, webhook_id, position)
         select l.partition, created.id, l.head from logs l, created`,
        [id, url, eventTypes ?? null, secret, by, limits.maxWebhooks],
      );
      const created = rowCount ? await find(id) : undefined;
      return created && { ...created, secret };
    },

    list: async () => (await pool.query<Webhook>(`${webhooksSql} order by w.created_at, w.id`)).rows,
    find,

    async delete(id) {
      const { rowCount } = await pool.query('delete from webhooks where id = $1', [id]);
      await pool.query('delete from webhook_checkpoints where webhook_id = $1', [id]);
      await pool.query('delete from webhook_deliveries where webhook_id = $1', [id]);
      return rowCount === 1;
    },

    async setState(id, state) {
      const { rowCount } = await pool.query('update webhooks set state = $2 where id = $1', [id, state]);
      return rowCount === 1;
    },

    async rotateSecret(id) {
      const secret = newSecret();
      const { rowCount } = await pool.query(
        `update webhooks set previous_secret = secret, previous_secret_until = now() + $3 * interval '1 ms', secret = $2
         where id = $1`,
        [id, secret, limits.previousSecretMs],
      );
      return rowCount === 1 ? secret : undefined;
    },

    async deadLetters(id, after, limit) {
      const { rows } = await pool.query<DeadLetter>(
        `select d.partition || ':' || d.position as event, d.order_id, d.type, d.attempts, d.first_attempt_at,
                d.last_attempt_at, d.last_error
         from webhook_deliveries d
         where d.webhook_id = $1 and d.state = 'dead' and (d.partition, d.position) > ($2, $3)
         order by d.partition, d.position limit $4`,
        [id, after?.partition ?? -1, after?.position ?? 0, limit],
      );
      return rows;
    },

    async replay(id, event) {
      const { rowCount } = await pool.query(
        `update webhook_deliveries
         set state = 'pending', attempts = 0, first_attempt_at = null, next_attempt_at = now()
         where webhook_id = $1 and state = 'dead' and ($2::integer is null or (partition = $2 and position = $3))`,
        [id, event?.partition ?? null, event?.position ?? null],
      );
      return rowCount ?? 0;
    },
  };
}

/** Standard Webhooks: 24 to 64 random bytes. */
function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}
