import { randomBytes, randomUUID } from 'node:crypto';
import { inTransaction } from '../event-log/connection/in-transaction.js';
import type { Pool } from '../event-log/database.js';
import { count, type FromSchema, list, nullable, object, text, time, uuid } from '../json-schema.js';
import { type EventPosition, LogEpochs } from '../log-epochs.js';
import { webhookLimits as limits } from './limits.js';
import { readWebhookSums } from './webhook-sums.js';

const webhookProperties = {
  webhook_id: uuid,
  url: text,
  event_types: { ...nullable(list(text)), description: 'null: events of all types.' },
  state: {
    enum: ['active', 'paused', 'gone', 'disabled'],
    description:
      'gone: the receiver responded with 410. disabled: it failed for 5 days. In both states nothing is sent until ' +
      'the state is set to active; no event is lost.',
  },
  breaker: {
    enum: ['closed', 'open', 'half-open'],
    description:
      'open: deliveries for many orders failed in a row, and nothing is sent until retry_at. half-open: one delivery ' +
      'at a time is sent until one succeeds.',
  },
  failing_since: { ...nullable(time), description: 'When the breaker opened; null if it is closed.' },
  retry_at: { ...nullable(time), description: 'When the next delivery is tried; null unless the breaker is open.' },
  last_error: { ...nullable(text), description: 'The error that opened the breaker, or disabled the webhook.' },
  created_at: time,
  created_by: text,
  pending: { ...count, description: 'Events that are still to be delivered, retries included.' },
  dead_letters: count,
  lag: { ...count, description: 'Events of the log that the delivery has not read yet.' },
} as const;

/** A webhook and its progress: the deliveries and events that are still to come. */
export const webhookSchema = object(webhookProperties);

export const webhookWithSecretSchema = object({
  ...webhookProperties,
  secret: { type: 'string', pattern: '^whsec_', description: 'No later response shows it.' },
});

/** An event whose delivery was given up, as a rule after it failed for 24 hours. */
export const deadLetterSchema = object({
  event: { type: 'string', description: 'partition:position, or partition:position@epoch after the first epoch' },
  order_id: uuid,
  type: text,
  attempts: count,
  first_attempt_at: time,
  last_attempt_at: time,
  last_error: text,
});

export type Webhook = FromSchema<typeof webhookSchema>;
export type WebhookWithSecret = FromSchema<typeof webhookWithSecretSchema>;
export type DeadLetter = FromSchema<typeof deadLetterSchema>;

export interface WebhookTarget {
  readonly url: string;
  readonly secrets: readonly string[];
}

/** The position of an event in the log as it is now. */
export type LogPosition = Pick<EventPosition, 'partition' | 'position'>;

/**
 * Manages webhooks. A webhook subscribes a URL to events; it is a row of the table webhooks, with
 * one row per partition in webhook_checkpoints. Its column `state` holds one of:
 *
 *   active   its events are enqueued, which moves its checkpoints, and its deliveries are sent
 *   paused   nothing is enqueued or sent; checkpoints and deliveries stay, so that no event is lost
 *   gone     as paused, because the receiver responded with 410
 *   disabled as paused, because the receiver failed for days (circuit-breaker.ts)
 *
 * The transitions:
 *
 *   (none) → active           create: the checkpoints start at the partitions' current heads
 *   any → active or paused    setState, called by operators: an active webhook continues at its
 *                             checkpoints and sends its pending deliveries
 *   any → gone                setGone, called by the deliverer after a response with 410
 *   active → disabled         openBreaker, called by the deliverer after a failed attempt
 *   any → (none)              delete: its checkpoints and deliveries are removed, too
 *
 * Attempts in flight end and are recorded in every state. The 24 hours of a delivery that failed
 * continue while its webhook is not active. deliveries.ts describes the life of one delivery.
 *
 * All functions reject with the database's error.
 */
export interface WebhookStore {
  /** Creates a webhook for the events from now on. Undefined if `maxWebhooks` is reached. */
  create(url: string, eventTypes: readonly string[] | undefined, by: string): Promise<WebhookWithSecret | undefined>;
  list(): Promise<Webhook[]>;
  find(id: string): Promise<Webhook | undefined>;
  /** Resolves with false if the webhook does not exist. */
  delete(id: string): Promise<boolean>;
  /** Closes the circuit breaker, too. Resolves with false if the webhook does not exist. */
  setState(id: string, state: 'active' | 'paused'): Promise<boolean>;
  /** Resolves with the new secret, or with undefined if the webhook does not exist. */
  rotateSecret(id: string): Promise<string | undefined>;
  /** The URL and the secrets that sign now; undefined if the webhook does not exist. */
  target(id: string): Promise<WebhookTarget | undefined>;
  /** Lists dead letters by partition and position, those after an event if one is given. */
  deadLetters(id: string, after: LogPosition | undefined, limit: number): Promise<DeadLetter[]>;
  /** Makes one or all dead letters pending, for another 24 hours. Resolves with their number. */
  replay(id: string, event: LogPosition | undefined): Promise<number>;
}

const webhooksSql = `
  select w.id as webhook_id, w.url, w.event_types, w.state, w.created_at, w.created_by,
         case when w.failing_since is null then 'closed' when w.open_until > now() then 'open' else 'half-open' end as breaker,
         w.failing_since, case when w.open_until > now() then w.open_until end as retry_at, w.last_error
  from webhooks w`;

/** @param epochs of the log, for the positions of dead letters; by default only the first. */
export function createWebhookStore(pool: Pool, epochs: LogEpochs = new LogEpochs()): WebhookStore {
  const read = async (condition: string, values: readonly string[]): Promise<Webhook[]> => {
    const { rows } = await pool.query<Omit<Webhook, 'pending' | 'dead_letters' | 'lag'>>(
      `${webhooksSql} ${condition}`,
      [...values],
    );
    const sumsOf = await readWebhookSums(
      pool,
      rows.map(({ webhook_id: id }) => id),
    );
    return rows.map((row) => {
      const { pending, dead_letters, lag } = sumsOf(row.webhook_id);
      return { ...row, pending, dead_letters, lag };
    });
  };
  const find = async (id: string): Promise<Webhook | undefined> => (await read('where w.id = $1', [id]))[0];

  return {
    async create(url, eventTypes, by) {
      const id = randomUUID();
      const secret = newSecret();
      const isCreated = await inTransaction(pool, async (client) => {
        const { rowCount } = await client.query(
          `insert into webhooks (id, url, event_types, secret, created_by)
           select $1, $2, $3, $4, $5 where (select count(*) from webhooks) < $6`,
          [id, url, eventTypes ?? null, secret, by, limits.maxWebhooks],
        );
        if (rowCount !== 1) return false;
        // One statement reads the heads: they are those of one moment.
        await client.query(
          `insert into webhook_checkpoints (partition, webhook_id, position)
           select h.partition, $1, h.head from partition_heads h`,
          [id],
        );
        return true;
      });
      const created = isCreated ? await find(id) : undefined;
      return created && { ...created, secret };
    },

    list: () => read('order by w.created_at, w.id', []),
    find,

    delete: (id) =>
      inTransaction(pool, async (client) => {
        // First the checkpoints: enqueuing locks one and needs it, so that afterwards no delivery
        // is inserted which the next statement does not see.
        await client.query('delete from webhook_checkpoints where webhook_id = $1', [id]);
        await client.query('delete from webhook_deliveries where webhook_id = $1', [id]);
        const { rowCount } = await client.query('delete from webhooks where id = $1', [id]);
        return rowCount === 1;
      }),

    async setState(id, state) {
      const { rowCount } = await pool.query(
        `update webhooks set state = $2, failing_since = null, open_until = null, breaker_trips = 0, last_error = null
         where id = $1`,
        [id, state],
      );
      return rowCount === 1;
    },

    async target(id) {
      const { rows } = await pool.query<{ url: string; secrets: string[] }>(
        `select url, array_remove(
           array[secret, case when previous_secret_until > now() then previous_secret end], null) as secrets
         from webhooks where id = $1`,
        [id],
      );
      return rows[0];
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
      const { rows } = await pool.query<Omit<DeadLetter, 'event'> & LogPosition>(
        `select d.partition, d.position, d.order_id, d.type, d.attempts, d.first_attempt_at,
                d.last_attempt_at, d.last_error
         from webhook_deliveries d
         where d.webhook_id = $1 and d.state = 'dead' and (d.partition, d.position) > ($2, $3)
         order by d.partition, d.position limit $4`,
        [id, after?.partition ?? -1, after?.position ?? 0, limit],
      );
      return rows.map(({ partition, position, ...letter }) => ({
        event: epochs.format(partition, position),
        ...letter,
      }));
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

/** Stops a webhook whose receiver wants no more events. */
export async function setGone(pool: Pool, id: string): Promise<void> {
  await pool.query(`update webhooks set state = 'gone' where id = $1`, [id]);
}

/** Creates a secret of 32 random bytes; Standard Webhooks asks for 24 to 64. */
function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}
