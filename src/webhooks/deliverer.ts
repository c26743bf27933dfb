import type { Logger } from 'pino';
import type { LogSettings, Pool } from '../event-log/database.js';
import type { LogHeads } from '../event-log/heads/log-heads.js';
import { PartitionOwnership } from '../event-log/partition-ownership.js';
import { type StoredEvent, type StoredEventRow, storedEvent, storedEventColumns } from '../event-log/stored-event.js';
import { UnopenableEvent } from '../event-log/unopenable-event.js';
import { within } from '../within.js';
import { type AttemptResult, attempt, messageOf, retryDelayMs } from './attempt.js';
import { enqueueEvents } from './enqueue.js';
import { webhookLimits as limits } from './limits.js';
import type { SafePost } from './safe-post.js';

export interface DelivererOptions {
  readonly url: string;
  readonly settings: LogSettings;
  readonly pool: Pool;
  readonly logHeads: LogHeads;
  /** Opens what is sealed in events; what was forgotten is sent as erased. */
  readonly open: (events: readonly StoredEvent[]) => Promise<StoredEvent[]>;
  readonly post: SafePost;
  /** Told of each attempt. */
  readonly onAttempt?: (result: AttemptResult['result'] | 'dead') => void;
  readonly log: Logger;
}

interface Delivery extends StoredEventRow {
  readonly webhook_id: string;
  readonly url: string;
  readonly secret: string;
  readonly previous_secret: string | null;
  readonly attempts: number;
  /** Since the first attempt; null before it. */
  readonly tried_ms: number | null;
}

// $1 partitions, $2 deliveries of one subscription at the most. Of each order only the earliest: they are delivered in order.
// Served by webhook_deliveries_due and webhook_deliveries_order.
const dueSql = `
  select d.webhook_id, d.attempts, (extract(epoch from now() - d.first_attempt_at) * 1000)::float8 as tried_ms,
         w.url, w.secret, case when w.previous_secret_until > now() then w.previous_secret end as previous_secret,
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
 * This process's part in delivering webhooks. Owns partitions as a projector does; for each it writes down what is to be
 * delivered, and delivers it: at least once, in order per order, tried again with growing waits for a day, then laid aside as a
 * dead letter, after which the order's next event is delivered.
 */
export class WebhookDeliverer {
  readonly #options: DelivererOptions;
  readonly #ownership: PartitionOwnership;
  readonly #moved = new Set<number>();
  /** Whether anybody is subscribed, as far as this process knows: without subscriptions appends cost nothing more. */
  #isSubscribed = false;
  /** By `webhook partition position`. */
  readonly #inFlight = new Map<string, Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> | undefined;
  #again = false;
  #closed = false;

  constructor(options: DelivererOptions) {
    this.#options = options;
    this.#ownership = new PartitionOwnership(options.url, options.settings, 'webhooks', options.log);
    this.#ownership.on('acquired', (partition) => this.#wake(partition));
    // A partition is handed over when its attempts are over, so that the next owner does not make them once more.
    this.#ownership.drained = (partition) => this.#settled((name) => name.split(' ')[1] === String(partition));
  }

  start(): void {
    this.#ownership.start();
    this.#options.logHeads.on('moved', this.#onMoved);
    // Also for what becomes due, and for subscriptions that are new or go on.
    this.#timer = setInterval(() => {
      for (const partition of this.#ownership.owned) this.#moved.add(partition);
      this.#work();
    }, limits.pollIntervalMs);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#options.logHeads.off('moved', this.#onMoved);
    await this.#working;
    await this.#settled(() => true);
    await this.#ownership.close();
    this.#options.post.close();
  }

  readonly #onMoved = (partition: number): void => {
    if (this.#isSubscribed && this.#ownership.owned.has(partition)) this.#wake(partition);
  };

  #wake(partition: number): void {
    this.#moved.add(partition);
    this.#work();
  }

  #work(): void {
    if (this.#working !== undefined) {
      this.#again = true;
      return;
    }
    if (this.#closed) return;
    this.#again = false;
    this.#working = this.#enqueueAndDeliver()
      .catch((error: unknown) =>
        this.#options.log.warn({ error: String(error) }, 'webhooks: PostgreSQL did not answer'),
      )
      .finally(() => {
        this.#working = undefined;
        if (this.#again) this.#work();
      });
  }

  async #enqueueAndDeliver(): Promise<void> {
    const { pool } = this.#options;
    if (!(await this.#lookForSubscriptions())) {
      this.#moved.clear();
      return;
    }
    for (const partition of [...this.#moved]) {
      this.#moved.delete(partition);
      if (!this.#ownership.owned.has(partition)) continue;
      if (await enqueueEvents(pool, partition)) {
        this.#moved.add(partition);
        this.#again = true;
      }
    }
    const owned = [...this.#ownership.owned];
    if (owned.length === 0) return;
    // What is over by the time the answer is here was still to be done when PostgreSQL looked.
    const inFlightBefore = new Set(this.#inFlight.keys());
    const { rows } = await pool.query<Delivery>({
      name: 'webhooks-due',
      text: dueSql,
      values: [owned, 2 * limits.maxInFlightPerWebhook],
    });
    for (const delivery of rows) {
      const name = nameOf(delivery);
      if (inFlightBefore.has(name) || this.#inFlight.has(name) || !this.#hasRoom(delivery.webhook_id)) continue;
      const delivering = this.#deliver(delivery)
        .catch((error: unknown) =>
          // What was sent is sent again: at least once.
          this.#options.log.warn({ error: String(error) }, 'webhooks: an attempt was not written down'),
        )
        .finally(() => {
          this.#inFlight.delete(name);
          this.#work();
        });
      this.#inFlight.set(name, delivering);
    }
  }

  async #lookForSubscriptions(): Promise<boolean> {
    const { rows } = await this.#options.pool.query<{ exists: boolean }>({
      name: 'webhooks-exist',
      text: `select exists (select from webhooks where state = 'active')`,
    });
    this.#isSubscribed = rows[0]?.exists ?? false;
    return this.#isSubscribed;
  }

  /** Resolves when these attempts are over, or the time for that is. */
  async #settled(which: (name: string) => boolean): Promise<void> {
    const attempts = [...this.#inFlight].flatMap(([name, delivering]) => (which(name) ? [delivering] : []));
    await within(limits.stopTimeoutMs, Promise.all(attempts)).catch(() => undefined);
  }

  #hasRoom(webhookId: string): boolean {
    if (this.#inFlight.size >= limits.maxInFlight) return false;
    const toThisOne = [...this.#inFlight.keys()].filter((name) => name.startsWith(webhookId)).length;
    return toThisOne < limits.maxInFlightPerWebhook;
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const { pool, onAttempt, log } = this.#options;
    const { webhook_id: id, attempts, tried_ms: triedMs } = delivery;
    const outcome = await this.#attempt(delivery);
    const place = [delivery.partition, id, delivery.position];
    if (outcome.result === 'delivered') {
      await pool.query({
        name: 'webhooks-delivered',
        text: 'delete from webhook_deliveries where partition = $1 and webhook_id = $2 and position = $3',
        values: place,
      });
      onAttempt?.('delivered');
      return;
    }
    if (outcome.result === 'gone') {
      await pool.query(`update webhooks set state = 'gone' where id = $1`, [id]);
      log.warn({ webhook: id }, 'a webhook’s receiver answered 410: nothing more is sent to it');
      onAttempt?.('gone');
      return;
    }
    const isDead = (triedMs ?? 0) >= limits.giveUpAfterMs;
    await pool.query(
      `update webhook_deliveries
       set state = $4, attempts = attempts + 1, first_attempt_at = coalesce(first_attempt_at, now()), last_attempt_at = now(),
           next_attempt_at = now() + $5 * interval '1 ms', last_error = $6
       where partition = $1 and webhook_id = $2 and position = $3`,
      [...place, isDead ? 'dead' : 'pending', retryDelayMs(attempts + 1, outcome.retryAfterMs), outcome.error],
    );
    if (isDead)
      log.error({ webhook: id, event: `${delivery.partition}:${delivery.position}` }, 'a webhook gave up on an event');
    onAttempt?.(isDead ? 'dead' : 'failed');
  }

  /** One that can't be opened fails alone, as one that is not taken does: others are not held up by it. */
  async #attempt(delivery: Delivery): Promise<AttemptResult> {
    const { open, post, settings } = this.#options;
    const { url, secret, previous_secret: previous } = delivery;
    let event: StoredEvent | undefined;
    try {
      [event] = await open([storedEvent(delivery)]);
    } catch (error) {
      if (error instanceof UnopenableEvent) return { result: 'failed', error: error.message, retryAfterMs: undefined };
      throw error;
    }
    if (!event) throw new Error('an event was opened, and there was none');
    const secrets = previous === null ? [secret] : [secret, previous];
    return attempt(post.post, url, secrets, messageOf(event, settings.logId.slice(0, 8)));
  }
}

function nameOf({ webhook_id: id, partition, position }: Delivery): string {
  return `${id} ${partition} ${position}`;
}
