import type { Logger } from 'pino';
import type { ReadModelKeys } from '../../read-models/keys.js';
import type { Redis } from '../../read-models/redis/redis-client.js';
import type { RedisCommand } from '../../read-models/redis/redis-command.js';
import { pipeline } from '../../read-models/redis/redis-pipeline.js';
import type { DeliveryAttempt } from '../../webhooks/delivery-attempts.js';
import { runLimits as limits } from './limits.js';

/**
 * The last attempts to deliver to each webhook, for people to look at. They are kept in Redis: they
 * decide nothing, and a Redis that loses them harms no delivery. Attempts that come in quick
 * succession are written together.
 */
export class DeliveryHistory {
  readonly #redis: Redis;
  readonly #keys: Pick<ReadModelKeys, 'deliveries'>;
  readonly #log: Logger;
  /** By webhook: attempts that are not written yet, oldest first. */
  readonly #noted = new Map<string, DeliveryAttempt[]>();
  #timer: NodeJS.Timeout | undefined;

  constructor(redis: Redis, keys: Pick<ReadModelKeys, 'deliveries'>, log: Logger) {
    this.#redis = redis;
    this.#keys = keys;
    this.#log = log;
  }

  readonly note = (webhookId: string, attempt: DeliveryAttempt): void => {
    const noted = this.#noted.get(webhookId) ?? [];
    noted.push(attempt);
    if (noted.length > limits.keptDeliveries) noted.shift();
    this.#noted.set(webhookId, noted);
    this.#timer ??= setTimeout(() => void this.flush(), limits.deliveriesLingerMs);
  };

  /** Writes what was noted. Never rejects. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const all = [...this.#noted];
    this.#noted.clear();
    if (all.length === 0) return;
    const commands = all.flatMap(([webhookId, attempts]): RedisCommand[] => {
      const key = this.#keys.deliveries(webhookId);
      return [
        ['LPUSH', key, ...attempts.map((attempt) => JSON.stringify(attempt))],
        ['LTRIM', key, 0, limits.keptDeliveries - 1],
        ['PEXPIRE', key, limits.deliveriesLifeMs],
      ];
    });
    await pipeline(this.#redis, commands).catch((error: unknown) =>
      this.#log.debug({ error: String(error) }, 'the last deliveries of webhooks could not be kept'),
    );
  }

  /** The last attempts, newest first. Rejects with ReadModelUnavailable. */
  async list(webhookId: string): Promise<DeliveryAttempt[]> {
    const [texts] = await pipeline(this.#redis, [
      ['LRANGE', this.#keys.deliveries(webhookId), 0, limits.keptDeliveries - 1],
    ]);
    return (texts as string[]).map((text) => JSON.parse(text) as DeliveryAttempt);
  }
}
