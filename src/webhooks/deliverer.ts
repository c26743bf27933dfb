import type { Logger } from 'pino';
import type { DatabaseAddress } from '../event-log/connection/database-access.js';
import type { LogSettings, Pool } from '../event-log/database.js';
import type { LogHeads } from '../event-log/heads/log-heads.js';
import { PartitionOwnership } from '../event-log/partition-ownership.js';
import { type StoredEvent, storedEvent } from '../event-log/stored-event.js';
import { UnopenableEvent } from '../event-log/unopenable-event.js';
import { withTimeout } from '../with-timeout.js';
import { type AttemptResult, attempt, messageOf } from './attempt.js';
import { type Delivery, readDueDeliveries, recordDelivered, recordFailure } from './deliveries.js';
import { enqueueEvents } from './enqueue.js';
import { webhookLimits as limits } from './limits.js';
import type { SafePost } from './safe-post.js';
import { setGone } from './webhook-store.js';

export interface DelivererOptions {
  readonly database: DatabaseAddress;
  readonly settings: LogSettings;
  readonly pool: Pool;
  readonly logHeads: LogHeads;
  /** Opens the sealed data of events. Data of forgotten persons is sent as erased. */
  readonly open: (events: readonly StoredEvent[]) => Promise<StoredEvent[]>;
  readonly post: SafePost;
  /** Called with the result of each attempt. */
  readonly onAttempt?: (result: AttemptResult['result'] | 'dead') => void;
  readonly log: Logger;
}

/**
 * Delivers the events of this process's partitions to webhooks. It owns partitions by advisory
 * locks, as projectors do, under the name 'webhooks'. A round of work enqueues the new events of
 * partitions that moved, and then sends the due deliveries of all its partitions. deliveries.ts
 * describes the states of a delivery and what a crash leaves.
 *
 * A round begins when the log grows, when a partition is acquired, when an attempt ends, and every
 * `pollIntervalMs`: for retries that become due, and for webhooks that are new or active again.
 * Rounds do not overlap; a cause that arrives during a round leads to one more round.
 */
export class WebhookDeliverer {
  readonly #options: DelivererOptions;
  readonly #ownership: PartitionOwnership;
  /** Partitions that may have events to enqueue. */
  readonly #moved = new Set<number>();
  /** Whether the last round found an active webhook. Without one, appends cause no rounds. */
  #hasActiveWebhooks = false;
  /** The attempts in flight, by `webhook partition position`. */
  readonly #inFlight = new Map<string, Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;
  #needsRound = false;
  #closed = false;

  constructor(options: DelivererOptions) {
    this.#options = options;
    this.#ownership = new PartitionOwnership(options.database, options.settings, 'webhooks', options.log);
    this.#ownership.on('acquired', (partition) => this.#wake(partition));
    // A partition is handed over after its attempts have ended, so that the next owner does not
    // repeat them.
    this.#ownership.drained = (partition) => this.#attemptsEnded((name) => name.split(' ')[1] === String(partition));
  }

  start(): void {
    this.#ownership.start();
    this.#options.logHeads.on('moved', this.#onMoved);
    this.#timer = setInterval(() => {
      for (const partition of this.#ownership.owned) this.#moved.add(partition);
      this.#startRound();
    }, limits.pollIntervalMs);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#options.logHeads.off('moved', this.#onMoved);
    await this.#round;
    await this.#attemptsEnded(() => true);
    await this.#ownership.close();
    this.#options.post.close();
  }

  readonly #onMoved = (partition: number): void => {
    if (this.#hasActiveWebhooks && this.#ownership.owned.has(partition)) this.#wake(partition);
  };

  #wake(partition: number): void {
    this.#moved.add(partition);
    this.#startRound();
  }

  /** Starts a round, or requests another one if a round is running. */
  #startRound(): void {
    if (this.#round !== undefined) {
      this.#needsRound = true;
      return;
    }
    if (this.#closed) return;
    this.#needsRound = false;
    this.#round = this.#enqueueAndDeliver()
      .catch((error: unknown) =>
        this.#options.log.warn({ error: String(error) }, 'webhooks: a round of deliveries failed; it is tried again'),
      )
      .finally(() => {
        this.#round = undefined;
        if (this.#needsRound) this.#startRound();
      });
  }

  async #enqueueAndDeliver(): Promise<void> {
    const { pool } = this.#options;
    if (!(await this.#findActiveWebhooks())) {
      this.#moved.clear();
      return;
    }
    for (const partition of [...this.#moved]) {
      this.#moved.delete(partition);
      if (!this.#ownership.owned.has(partition)) continue;
      if (await enqueueEvents(pool, partition)) {
        this.#moved.add(partition);
        this.#needsRound = true;
      }
    }
    const owned = [...this.#ownership.owned];
    if (owned.length === 0) return;
    // An attempt may end while the query runs: its delivery is in the result, but no longer due.
    const inFlightBefore = new Set(this.#inFlight.keys());
    for (const delivery of await readDueDeliveries(pool, owned)) {
      const name = nameOf(delivery);
      if (inFlightBefore.has(name) || this.#inFlight.has(name) || !this.#hasRoom(delivery.webhook_id)) continue;
      const attempting = this.#deliver(delivery)
        .catch((error: unknown) =>
          // The row is still due, so that the event is sent again: at least once.
          this.#options.log.warn({ error: String(error) }, 'webhooks: an attempt was not recorded; it is made again'),
        )
        .finally(() => {
          this.#inFlight.delete(name);
          this.#startRound();
        });
      this.#inFlight.set(name, attempting);
    }
  }

  async #findActiveWebhooks(): Promise<boolean> {
    const { rows } = await this.#options.pool.query<{ exists: boolean }>({
      name: 'webhooks-exist',
      text: `select exists (select from webhooks where state = 'active')`,
    });
    this.#hasActiveWebhooks = rows[0]?.exists ?? false;
    return this.#hasActiveWebhooks;
  }

  /** Resolves when the attempts with matching names have ended, or after `stopTimeoutMs`. */
  async #attemptsEnded(matches: (name: string) => boolean): Promise<void> {
    const attempts = [...this.#inFlight].flatMap(([name, attempting]) => (matches(name) ? [attempting] : []));
    await withTimeout(limits.stopTimeoutMs, Promise.all(attempts)).catch(() => undefined);
  }

  #hasRoom(webhookId: string): boolean {
    if (this.#inFlight.size >= limits.maxInFlight) return false;
    const ofWebhook = [...this.#inFlight.keys()].filter((name) => name.startsWith(webhookId)).length;
    return ofWebhook < limits.maxInFlightPerWebhook;
  }

  /** Makes one attempt and records its result. */
  async #deliver(delivery: Delivery): Promise<void> {
    const { pool, onAttempt, log } = this.#options;
    const { webhook_id: webhook, partition, position } = delivery;
    const result = await this.#attempt(delivery);
    if (result.result === 'delivered') {
      await recordDelivered(pool, delivery);
      onAttempt?.('delivered');
      return;
    }
    if (result.result === 'gone') {
      await setGone(pool, webhook);
      log.warn({ webhook }, 'webhooks: a receiver responded with 410; nothing more is sent to it');
      onAttempt?.('gone');
      return;
    }
    const isDead = (await recordFailure(pool, delivery, result)) === 'dead';
    if (isDead) log.error({ webhook, event: `${partition}:${position}` }, 'webhooks: an event became a dead letter');
    onAttempt?.(isDead ? 'dead' : 'failed');
  }

  /**
   * Sends an event. One that does not open fails alone and does not block deliveries of other
   * orders.
   */
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
    if (!event) throw new Error('opening an event returned no event');
    const secrets = previous === null ? [secret] : [secret, previous];
    return attempt(post.post, url, secrets, messageOf(event, settings.logId.slice(0, 8), delivery.epoch));
  }
}

function nameOf({ webhook_id: id, partition, position }: Delivery): string {
  return `${id} ${partition} ${position}`;
}
