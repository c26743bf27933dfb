import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import type { Logger } from 'pino';
import type { Pool } from '../event-log/database.js';
import type { Caller } from './caller.js';
import { accessLimits as limits } from './limits.js';
import { isScope, type Scope } from './scopes.js';

/** An API key as it is shown: never the key itself. */
export interface ApiKey {
  /** Its first part, by which people recognise it. */
  readonly id: string;
  readonly name: string;
  readonly subject: string;
  readonly scopes: readonly Scope[];
  /** Times: RFC 3339 UTC. */
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
}

const form = /^ok_([0-9a-z]{12})_[A-Za-z0-9_-]{43}$/;

export function looksLikeApiKey(token: string): boolean {
  return token.startsWith('ok_');
}

/** Makes a key. What it gives as `key` is nowhere else: only its hash is stored. */
export async function createApiKey(
  pool: Pool,
  { name, subject, scopes, expiresAt }: Pick<ApiKey, 'name' | 'scopes' | 'expiresAt'> & { subject?: string },
): Promise<{ id: string; key: string; subject: string }> {
  const alphabet = '0123456789abcdefghijklmnopqrstuvwxyz';
  const id = Array.from({ length: 12 }, () => alphabet[randomInt(alphabet.length)]).join('');
  const key = `ok_${id}_${randomBytes(32).toString('base64url')}`;
  const actor = subject ?? `key:${id}`;
  await pool.query(
    'insert into api_keys (id, hash, name, subject, scopes, expires_at) values ($1, $2, $3, $4, $5, $6)',
    [id, hashOf(key), name, actor, scopes, expiresAt],
  );
  return { id, key, subject: actor };
}

/** False where there is no such key, or it was revoked before. */
export async function revokeApiKey(pool: Pool, id: string): Promise<boolean> {
  const { rowCount } = await pool.query('update api_keys set revoked_at = now() where id = $1 and revoked_at is null', [
    id,
  ]);
  return rowCount === 1;
}

export async function listApiKeys(pool: Pool): Promise<ApiKey[]> {
  return (await readKeys(pool)).map(({ hash: _, ...key }) => key);
}

/**
 * The API keys as this process knows them: all in memory, so that a request costs no query and reading goes on while
 * PostgreSQL is away. Whether any changed is asked twice a second.
 */
export class ApiKeys {
  readonly #pool: Pool;
  readonly #log: Logger;
  #keys = new Map<string, ApiKey & { readonly hash: Buffer }>();
  #changes: string | undefined;
  #readAtMs = 0;
  #reading: Promise<void> | undefined;
  #rereading: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(pool: Pool, log: Logger) {
    this.#pool = pool;
    this.#log = log;
  }

  async start(): Promise<void> {
    await this.#read();
    this.#timer = setInterval(() => {
      this.#read().catch((error: unknown) => this.#log.debug({ error: String(error) }, 'API keys: no answer'));
    }, limits.keysPollIntervalMs);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#reading?.catch(() => undefined);
  }

  /** Whose key this is; undefined where it is none, or was revoked, or is past its time. Rejects where that can't be told. */
  async find(key: string): Promise<Caller | undefined> {
    const id = form.exec(key)?.[1];
    if (id === undefined) return undefined;
    // One that was made a moment ago, most likely by another process.
    for (let nth = 0; nth < 2 && !this.#keys.has(id); nth += 1) {
      // A reading that others have begun may be older than the key.
      const isJoined = this.#rereading !== undefined;
      await this.#reread();
      if (!isJoined) break;
    }
    const known = this.#keys.get(id);
    if (!known || !timingSafeEqual(known.hash, hashOf(key))) return undefined;
    if (known.revokedAt || (known.expiresAt && Date.parse(known.expiresAt) <= Date.now())) return undefined;
    return { subject: known.subject, scopes: new Set(known.scopes) };
  }

  /** Reads once more, together for all who ask, and not too often: guessing keys costs PostgreSQL next to nothing. */
  #reread(): Promise<void> {
    const read = async () => {
      await this.#reading?.catch(() => undefined);
      const waitMs = this.#readAtMs + limits.minKeysReadIntervalMs - Date.now();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      await this.#read();
    };
    this.#rereading ??= read().finally(() => {
      this.#rereading = undefined;
    });
    return this.#rereading;
  }

  #read(): Promise<void> {
    this.#reading ??= this.#readIfChanged().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readIfChanged(): Promise<void> {
    const { rows } = await this.#pool.query<{ changes: string }>({
      name: 'api-key-changes',
      text: 'select changes::text as changes from api_key_changes',
    });
    this.#readAtMs = Date.now();
    const changes = rows[0]?.changes;
    if (changes === this.#changes) return;
    this.#keys = new Map((await readKeys(this.#pool)).map((key) => [key.id, key]));
    this.#changes = changes;
  }
}

async function readKeys(pool: Pool): Promise<(ApiKey & { hash: Buffer })[]> {
  const { rows } = await pool.query<Omit<ApiKey, 'scopes'> & { hash: Buffer; scopes: string[] }>(
    `select id, hash, name, subject, scopes, created_at as "createdAt", expires_at as "expiresAt", revoked_at as "revokedAt"
     from api_keys order by created_at`,
  );
  return rows.map((row) => ({ ...row, scopes: row.scopes.filter(isScope) }));
}

function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
