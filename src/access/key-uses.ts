import type { Logger } from 'pino';
import type { Pool } from '../event-log/database.js';
import { type ApiKey, listApiKeys } from './api-keys.js';
import { accessLimits as limits } from './limits.js';

/** An API key with its last use, as operators see it. */
export interface ListedKey extends ApiKey {
  /** RFC 3339 UTC, within `keyUseIntervalMs`; null if the key was never used. */
  readonly lastUsedAt: string | null;
}

/**
 * Remembers when keys are used, and writes that to PostgreSQL once per `keyUseIntervalMs`: a write
 * per request would cost more than the request.
 */
export class KeyUses {
  readonly #pool: Pool;
  readonly #log: Logger;
  #used = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(pool: Pool, log: Logger) {
    this.#pool = pool;
    this.#log = log;
  }

  start(): void {
    this.#timer = setInterval(() => void this.write(), limits.keyUseIntervalMs);
  }

  /** Notes the use of a key. Costs no I/O. */
  note(id: string): void {
    this.#used.add(id);
  }

  /** Writes the uses since the last call, or later if PostgreSQL does not respond. */
  async write(): Promise<void> {
    if (this.#used.size === 0) return;
    const ids = [...this.#used];
    this.#used = new Set();
    try {
      await this.#pool.query(
        `insert into api_key_uses (key_id, last_used_at) select id, now() from api_keys where id = any ($1)
         on conflict (key_id) do update set last_used_at = excluded.last_used_at`,
        [ids],
      );
    } catch (error) {
      for (const id of ids) this.#used.add(id);
      this.#log.debug({ error: String(error) }, 'the uses of API keys could not be written');
    }
  }

  /** Writes the last uses. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.write();
  }
}

/** All keys with their last use, oldest first. */
export async function listKeysWithUses(pool: Pool): Promise<ListedKey[]> {
  const [keys, { rows }] = await Promise.all([
    listApiKeys(pool),
    pool.query<{ key_id: string; last_used_at: string }>('select key_id, last_used_at from api_key_uses'),
  ]);
  const uses = new Map(rows.map(({ key_id, last_used_at }) => [key_id, last_used_at]));
  return keys.map((key) => ({ ...key, lastUsedAt: uses.get(key.id) ?? null }));
}
