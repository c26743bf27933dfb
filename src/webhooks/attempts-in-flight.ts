import { withTimeout } from '../with-timeout.js';
import type { Delivery } from './deliveries.js';
import { webhookLimits as limits } from './limits.js';

interface Attempt {
  readonly webhookId: string;
  readonly partition: number;
  /** Settles when the attempt's result is recorded. */
  readonly ended: Promise<void>;
}

/**
 * The attempts in flight of one process, and the fair shares of its webhooks. Each webhook may
 * always have one attempt, whatever the others do. It may have up to `maxInFlightPerWebhook` while
 * the process has fewer than `maxInFlight` beyond the first of each webhook, and only one while its
 * circuit breaker is half-open.
 */
export class AttemptsInFlight {
  /** By webhook, partition and position. */
  readonly #attempts = new Map<string, Attempt>();
  readonly #countByWebhook = new Map<string, number>();

  has(delivery: Delivery): boolean {
    return this.#attempts.has(nameOf(delivery));
  }

  /** Adds an attempt, which is removed when `ended` is settled. `ended` must not reject. */
  add(delivery: Delivery, ended: Promise<void>): void {
    const { webhook_id: webhookId, partition } = delivery;
    const name = nameOf(delivery);
    this.#attempts.set(name, { webhookId, partition, ended });
    this.#countByWebhook.set(webhookId, this.#countOf(webhookId) + 1);
    void ended.then(() => {
      this.#attempts.delete(name);
      const count = this.#countOf(webhookId) - 1;
      if (count === 0) this.#countByWebhook.delete(webhookId);
      else this.#countByWebhook.set(webhookId, count);
    });
  }

  /** @returns a test of whether a delivery is in flight now */
  snapshot(): (delivery: Delivery) => boolean {
    const names = new Set(this.#attempts.keys());
    return (delivery) => names.has(nameOf(delivery));
  }

  hasRoom({ webhook_id: id, half_open: halfOpen }: Pick<Delivery, 'webhook_id' | 'half_open'>): boolean {
    const own = this.#countOf(id);
    if (own === 0) return true;
    if (halfOpen || own >= limits.maxInFlightPerWebhook) return false;
    return this.#attempts.size - this.#countByWebhook.size < limits.maxInFlight;
  }

  /** @returns the webhooks that cannot have another attempt, their circuit breakers aside */
  withoutRoom(): string[] {
    return [...this.#countByWebhook.keys()].filter((id) => !this.hasRoom({ webhook_id: id, half_open: false }));
  }

  /** Resolves when the attempts of a partition, or all, have ended, or after `stopTimeoutMs`. */
  async ended(partition?: number): Promise<void> {
    const attempts = [...this.#attempts.values()]
      .filter((attempt) => partition === undefined || attempt.partition === partition)
      .map(({ ended }) => ended);
    await withTimeout(limits.stopTimeoutMs, Promise.all(attempts)).catch(() => undefined);
  }

  #countOf(webhookId: string): number {
    return this.#countByWebhook.get(webhookId) ?? 0;
  }
}

function nameOf({ webhook_id: id, partition, position }: Delivery): string {
  return `${id} ${partition} ${position}`;
}
