import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { DatabaseAddress } from '../event-log/connection/database-access.js';
import type { LogSettings, Pool } from '../event-log/database.js';
import type { LogHeads } from '../event-log/heads/log-heads.js';
import { PartitionOwnership } from '../event-log/partition-ownership.js';
import { type StoredEvent, storedEvent } from '../event-log/stored-event.js';
import { UnopenableEvent } from '../event-log/unopenable-event.js';
import { FailureLog } from '../failure-log.js';
import { formatEventPosition } from '../log-epochs.js';
import { type AttemptResult, attempt, messageOf, type TraceAttempt } from './attempt.js';
import { AttemptsInFlight } from './attempts-in-flight.js';
import { closeBreaker, FailingOrders, openBreaker } from './circuit-breaker.js';
import { type Delivery, readDueDeliveries, recordDelivered, recordFailure } from './deliveries.js';
import { deliveryAttempt, type NoteAttempt } from './delivery-attempts.js';
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
  /** Called with each attempt, for the list of the last ones. */
  readonly noteAttempt?: NoteAttempt;
  /** Undefined if nothing is traced. */
  readonly trace?: TraceAttempt | undefined;
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
 *
 * attempts-in-flight.ts describes the fair shares of webhooks, and circuit-breaker.ts what happens
 * to a webhook whose receiver fails for all orders.
 */
export class WebhookDeliverer {
  readonly #options: DelivererOptions;
  readonly #ownership: PartitionOwnership;
  /** Partitions that may have events to enqueue. */
  readonly #moved = new Set<number>();
  /** Whether the last round found an active webhook. Without one, appends cause no rounds. */
  #hasActiveWebhooks = false;
  readonly #inFlight = new AttemptsInFlight();
  readonly #failingOrders = new FailingOrders();
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;
  /** Partitions of a distributed database that are worked on. Further rounds pass over them. */
  readonly #workedOn = new Map<number, Promise<void>>();
  #needsRound = false;
  /** Aborted by close(): ends the waits between two tries to record a result. */
  readonly #closing = new AbortController();
  readonly #failures: FailureLog;

  constructor(options: DelivererOptions) {
    this.#options = options;
    this.#failures = new FailureLog(options.log, {
      failing: 'webhooks: PostgreSQL did not respond; deliveries are tried again, and attempts may be repeated',
      over: 'webhooks: PostgreSQL responds again',
    });
    this.#ownership = new PartitionOwnership(options.database, options.settings, 'webhooks', options.log);
    this.#ownership.on('acquired', (partition) => this.#wake(partition));
    // A partition is handed over after its attempts have ended, so that the next owner does not
    // repeat them.
    this.#ownership.drained = (partition) => this.#inFlight.ended(partition);
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
    this.#closing.abort();
    clearInterval(this.#timer);
    this.#options.logHeads.off('moved', this.#onMoved);
    await this.#round;
    await Promise.all(this.#workedOn.values());
    await this.#inFlight.ended();
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
    if (this.#closing.signal.aborted) return;
    this.#needsRound = false;
    this.#round = this.#enqueueAndDeliver()
      .then(() => this.#failures.succeeded())
      .catch((error: unknown) => {
        if (!this.#closing.signal.aborted) this.#failures.failed(error);
      })
      .finally(() => {
        this.#round = undefined;
        if (this.#needsRound) this.#startRound();
      });
  }

  async #enqueueAndDeliver(): Promise<void> {
    if (!(await this.#findActiveWebhooks())) {
      this.#moved.clear();
      return;
    }
    if (this.#options.settings.appendAcrossPartitions) {
      for (const partition of [...this.#moved]) await this.#enqueue(partition);
      await this.#sendDue([...this.#ownership.owned]);
      return;
    }
    const begun = [...this.#ownership.owned].flatMap((partition) =>
      this.#workedOn.has(partition) ? [] : [this.#workOn(partition)],
    );
    const { signal } = this.#closing;
    const enough = pause(limits.maxRoundMs, undefined, { signal }).catch(() => undefined);
    await Promise.race([Promise.all(begun), enough]);
  }

  /** Never rejects. The next round tries a partition again whose server is down. */
  #workOn(partition: number): Promise<void> {
    const startMs = performance.now();
    const work = async () => {
      try {
        if (this.#moved.has(partition)) await this.#enqueue(partition);
        await this.#sendDue([partition]);
      } catch (error) {
        if (!this.#closing.signal.aborted) this.#failures.failed(error);
      }
      this.#workedOn.delete(partition);
      // Rounds have passed over it meanwhile.
      if (performance.now() - startMs >= limits.maxRoundMs) this.#startRound();
    };
    const working = work();
    this.#workedOn.set(partition, working);
    return working;
  }

  async #enqueue(partition: number): Promise<void> {
    this.#moved.delete(partition);
    if (!this.#ownership.owned.has(partition)) return;
    const { pool, settings } = this.#options;
    if (await enqueueEvents(pool, partition, this.#onEarlyDeadLetters, settings)) {
      this.#moved.add(partition);
      this.#needsRound = true;
    }
  }

  /** @param partitions one, if the tables are distributed over servers. */
  async #sendDue(partitions: readonly number[]): Promise<void> {
    if (partitions.length === 0) return;
    const { pool, settings } = this.#options;
    // An attempt may end while the query runs: its delivery is in the result, but no longer due.
    const wasInFlight = this.#inFlight.snapshot();
    for (const delivery of await readDueDeliveries(pool, partitions, this.#inFlight.withoutRoom(), settings)) {
      if (wasInFlight(delivery) || this.#inFlight.has(delivery) || !this.#inFlight.hasRoom(delivery)) continue;
      // If it is not recorded, the row is still due, so that the event is sent again: at least
      // once.
      const ended = this.#deliver(delivery).catch((error: unknown) => this.#failures.failed(error));
      this.#inFlight.add(delivery, ended);
      void ended.then(() => this.#startRound());
    }
  }

  readonly #onEarlyDeadLetters = (webhook: string, count: number): void => {
    this.#options.log.error(
      { webhook, count },
      'webhooks: failed deliveries became dead letters before their 24 hours: too many were pending',
    );
    for (let nth = 0; nth < count; nth += 1) this.#options.onAttempt?.('dead');
  };

  async #findActiveWebhooks(): Promise<boolean> {
    const { rows } = await this.#options.pool.query<{ exists: boolean }>({
      name: 'webhooks-exist',
      text: `select exists (select from webhooks where state = 'active')`,
    });
    this.#hasActiveWebhooks = rows[0]?.exists ?? false;
    return this.#hasActiveWebhooks;
  }

  /** Makes one attempt and records its result. */
  async #deliver(delivery: Delivery): Promise<void> {
    const begunMs = Date.now();
    const result = await this.#attempt(delivery);
    this.#options.noteAttempt?.(delivery.webhook_id, deliveryAttempt(delivery, result, begunMs));
    await this.#record(delivery, result);
  }

  /** Each statement is repeated by itself, so that an attempt counts once. */
  async #record(delivery: Delivery, result: AttemptResult): Promise<void> {
    const { pool, onAttempt, log } = this.#options;
    const { webhook_id: webhook } = delivery;
    if (result.result === 'delivered') {
      await this.#retried(delivery, () => recordDelivered(pool, delivery));
      this.#failingOrders.clear(webhook);
      if (delivery.half_open && (await this.#retried(delivery, () => closeBreaker(pool, webhook)))) {
        log.info({ webhook }, 'webhooks: a receiver responds again; its deliveries continue');
      }
      onAttempt?.('delivered');
      return;
    }
    if (result.result === 'gone') {
      await this.#retried(delivery, () => setGone(pool, webhook));
      log.warn({ webhook }, 'webhooks: a receiver responded with 410; nothing more is sent to it');
      onAttempt?.('gone');
      return;
    }
    const isDead = (await this.#retried(delivery, () => recordFailure(pool, delivery, result))) === 'dead';
    if (isDead) log.error({ webhook, event: formatEventPosition(delivery) }, 'webhooks: an event became a dead letter');
    onAttempt?.(isDead ? 'dead' : 'failed');
    if (this.#failingOrders.add(webhook, delivery.order_id) || delivery.half_open) {
      await this.#openBreaker(delivery, result.error);
    }
  }

  async #openBreaker(delivery: Delivery, error: string): Promise<void> {
    const { pool, log } = this.#options;
    const { webhook_id: webhook } = delivery;
    const change = await this.#retried(delivery, () => openBreaker(pool, webhook, error));
    if (change === 'opened') {
      log.warn({ webhook, error }, 'webhooks: a receiver fails for all orders; it is probed until it responds');
    } else if (change === 'disabled') {
      log.error(
        { webhook, error },
        'webhooks: a receiver failed for 5 days and its webhook is disabled; `orders webhooks resume` sends its events',
      );
    }
  }

  /**
   * Sends an event. One that does not open fails alone and does not block deliveries of other
   * orders.
   */
  async #attempt(delivery: Delivery): Promise<AttemptResult> {
    const { open, post, settings, trace = untraced } = this.#options;
    const { url, secret, previous_secret: previous } = delivery;
    const event = await this.#retried(delivery, async () => {
      const [opened] = await open([storedEvent(delivery)]).catch((error: unknown) => {
        if (error instanceof UnopenableEvent) return [error];
        throw error;
      });
      if (!opened) throw new Error('opening an event returned no event');
      return opened;
    });
    if (event instanceof UnopenableEvent) return { result: 'failed', error: event.message, retryAfterMs: undefined };
    const secrets = previous === null ? [secret] : [secret, previous];
    const message = messageOf(event, settings.logId.slice(0, 8), delivery.epoch);
    return trace(event, (headers) => attempt(post.post, url, secrets, message, headers));
  }

  /**
   * Repeats a task until PostgreSQL takes it. Meanwhile the attempt is in flight, so that the event
   * is not sent a second time. Gives up if the partition is lost or the deliverer closes: then the
   * next owner makes the attempt.
   */
  async #retried<T>({ partition }: Delivery, task: () => Promise<T>): Promise<T> {
    const { signal } = this.#closing;
    for (let waitMs: number = limits.minRecordRetryMs; ; waitMs = Math.min(2 * waitMs, limits.maxRecordRetryMs)) {
      try {
        return await task();
      } catch (error) {
        if (signal.aborted || !this.#ownership.owned.has(partition)) throw error;
        this.#failures.failed(error);
        await pause(waitMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}

const untraced: TraceAttempt = (_, make) => make({});
