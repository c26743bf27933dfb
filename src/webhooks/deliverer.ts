import { setTimeout as pause } from 'node:timers/promises';
import type { DatabaseAddress } from '../event-log/connection/database-access.js';
import type { LogHeads } from '../event-log/heads/log-heads.js';
import { PartitionOwnership } from '../event-log/partition-ownership.js';
import { FailureLog } from '../failure-log.js';
import { withTimeout } from '../with-timeout.js';
import { AttemptsInFlight } from './attempts-in-flight.js';
import { createDeliverEvent, type DeliveryOptions } from './deliver-event.js';
import { type Delivery, readDueDeliveries } from './deliveries.js';
import { enqueueEvents } from './enqueue.js';
import { FailingWork } from './failing-work.js';
import { webhookLimits as limits } from './limits.js';

export interface DelivererOptions extends DeliveryOptions {
  readonly database: DatabaseAddress;
  readonly logHeads: LogHeads;
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
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;
  /** Partitions of a distributed database that are worked on. Further rounds pass over them. */
  readonly #workedOn = new Map<number, Promise<void>>();
  #needsRound = false;
  /** Aborted by close(): ends the waits between two tries to record a result. */
  readonly #closing = new AbortController();
  readonly #failures: FailingWork;
  readonly #deliverEvent: (delivery: Delivery) => Promise<void>;

  constructor(options: DelivererOptions) {
    this.#options = options;
    const failures = new FailureLog(options.log, {
      failing: 'webhooks: PostgreSQL did not respond; deliveries are tried again, and attempts may be repeated',
      over: 'webhooks: PostgreSQL responds again',
    });
    this.#failures = new FailingWork(failures);
    this.#ownership = new PartitionOwnership(options.database, options.settings, 'webhooks', options.log);
    this.#ownership.on('acquired', (partition) => this.#wake(partition));
    this.#ownership.on('lost', (partition) => this.#failures.ended(partition));
    // A partition is handed over after the work on it and its attempts have ended, so that the next
    // owner does not repeat them.
    this.#ownership.drained = async (partition) => {
      const work = this.#workedOn.get(partition);
      if (work !== undefined) await withTimeout(limits.stopTimeoutMs, work).catch(() => undefined);
      await this.#inFlight.ended(partition);
    };
    this.#deliverEvent = createDeliverEvent(options, {
      failures: this.#failures,
      isOwned: (partition) => this.#ownership.owned.has(partition),
      closing: this.#closing.signal,
    });
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
      .then(() => this.#failures.roundSucceeded())
      .catch((error: unknown) => {
        if (!this.#closing.signal.aborted) this.#failures.failedOnce(error);
      })
      .finally(() => {
        this.#round = undefined;
        if (this.#needsRound) this.#startRound();
      });
  }

  async #enqueueAndDeliver(): Promise<void> {
    if (!(await this.#findActiveWebhooks())) {
      this.#moved.clear();
      // Without a webhook there is no work left that could succeed and end its failure.
      for (const partition of this.#ownership.owned) this.#failures.ended(partition);
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
        this.#failures.ended(partition);
      } catch (error) {
        if (!this.#closing.signal.aborted && this.#ownership.owned.has(partition))
          this.#failures.failed(partition, error);
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
      // While the query ran, the partition may have been handed over: its next owner sends them.
      if (!this.#ownership.owned.has(delivery.partition)) continue;
      const ended = this.#deliverEvent(delivery)
        .catch((error: unknown) => this.#failures.failedOnce(error))
        .then(() => this.#failures.ended(delivery));
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
}
