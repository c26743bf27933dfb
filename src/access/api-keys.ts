import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import type { Logger } from 'pino';
import type { Pool } from '../event-log/database.js';
import { actorNames, isKeySubject } from '../orders/values/own-actors.js';
import type { Caller } from './caller.js';
import { CreatorRevoked, createdThrough, creatingKeyOf } from './key-creators.js';
import { accessLimits as limits } from './limits.js';
import { isScope, type Scope } from './scopes.js';

/** An API key without its secret. */
export interface ApiKey {
  /** The first part of the key, which is not secret. */
  readonly id: string;
  readonly name: string;
  readonly subject: string;
  readonly scopes: readonly Scope[];
  /** RFC 3339 UTC, as are the other times. */
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  /** The creator, see `creatorOf`. Null for a key from before creators were recorded. */
  readonly createdBy: string | null;
}

/** A key as the API and the command line show it. */
export function apiKeyDocument({ id, name, subject, scopes, createdAt, createdBy, expiresAt, revokedAt }: ApiKey) {
  return {
    key_id: id,
    name,
    subject,
    scopes,
    created_at: createdAt,
    created_by: createdBy,
    expires_at: expiresAt,
    revoked_at: revokedAt,
  };
}

const form = /^ok_([0-9a-z]{12})_[A-Za-z0-9_-]{43}$/;

export function looksLikeApiKey(token: string): boolean {
  return token.startsWith('ok_');
}

/** A key that was just created, with its secret. */
export interface CreatedApiKey extends Pick<ApiKey, 'id' | 'subject'> {
  readonly key: string;
}

/** The properties of a key that is to be created. */
export interface NewApiKey extends Pick<ApiKey, 'name' | 'scopes' | 'expiresAt'> {
  /** By default `key:` and the id of the key. */
  readonly subject?: string;
  readonly createdBy?: string;
}

// $1 to $7 the columns of the key, $8 the id of the key that creates it, or null.
// Locks the creator's row until commit. A revocation of the creator therefore waits for this key,
// and then finds it; after the revocation no key is inserted.
// Called by createApiKey below.
const createKeySql = `
  with creator as (select k.id from api_keys k where k.id = $8 and k.revoked_at is null for share)
  insert into api_keys (id, hash, name, subject, scopes, expires_at, created_by)
  select $1, $2::bytea, $3, $4, $5::text[], $6::timestamptz, $7 where $8::text is null or exists (select from creator)`;

/**
 * Creates a key. Only its hash is stored, so the returned `key` cannot be read again. Throws
 * CreatorRevoked if the key that creates it has been revoked, and an Error if the subject is the
 * name of one of the service's own actors.
 */
export async function createApiKey(
  pool: Pool,
  { name, subject, scopes, expiresAt, createdBy }: NewApiKey,
): Promise<CreatedApiKey> {
  if (subject !== undefined && !isKeySubject(subject)) {
    throw new Error(`the subject ${subject} belongs to the service itself: choose another one`);
  }
  const alphabet = '0123456789abcdefghijklmnopqrstuvwxyz';
  const id = Array.from({ length: 12 }, () => alphabet[randomInt(alphabet.length)]).join('');
  const key = `ok_${id}_${randomBytes(32).toString('base64url')}`;
  const actor = subject ?? `${actorNames.keyPrefix}${id}`;
  const columns = [id, hashOf(key), name, actor, scopes, expiresAt, createdBy ?? null];
  const { rowCount } = await pool.query(createKeySql, [...columns, creatingKeyOf(createdBy)]);
  if (rowCount !== 1) throw new CreatorRevoked();
  return { id, key, subject: actor };
}

/** Returns false if there is no such key or it is already revoked. */
export async function revokeApiKey(pool: Pool, id: string): Promise<boolean> {
  return (await revokeApiKeys(pool, [id])).length === 1;
}

/** Revokes keys, and returns the ids of those that were not revoked before. */
async function revokeApiKeys(pool: Pool, ids: readonly string[]): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    'update api_keys set revoked_at = now() where id = any ($1) and revoked_at is null returning id',
    [ids],
  );
  return rows.map(({ id }) => id);
}

/**
 * Revokes all keys that a creator has made, directly or by other keys, and the creator if it is a
 * key. Returns their ids. A key that one of these keys creates meanwhile is revoked too. A token
 * can still create keys afterwards, until it expires. `isOver` is false if one does so all the
 * time.
 * @param creator as `createdThrough` takes it.
 */
export async function revokeCreatedBy(
  pool: Pool,
  creator: string,
): Promise<{ readonly revoked: readonly string[]; readonly isOver: boolean }> {
  const revoked: string[] = [];
  for (let round = 0; round < limits.maxRevocationRounds; round += 1) {
    const found = createdThrough(await listApiKeys(pool), creator).filter(({ revokedAt }) => revokedAt === null);
    if (found.length === 0) return { revoked, isOver: true };
    const ids = found.map(({ id }) => id);
    revoked.push(...(await revokeApiKeys(pool, ids)));
  }
  return { revoked, isOver: false };
}

export async function listApiKeys(pool: Pool): Promise<ApiKey[]> {
  return (await readKeys(pool)).map(({ hash: _, ...key }) => key);
}

/**
 * A copy of all API keys in memory. So requests need no query, and queries of read models work
 * while PostgreSQL is down. The copy is checked for changes every `keysPollIntervalMs`.
 */
export class ApiKeys {
  readonly #pool: Pool;
  readonly #log: Logger;
  #keys = new Map<string, ApiKey & { readonly hash: Buffer }>();
  #changes: string | undefined;
  /** By performance.now(): a clock that is set back must not put off a reading. */
  #readAtMs = Number.NEGATIVE_INFINITY;
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
      this.#read().catch((error: unknown) => this.#log.debug({ error: String(error) }, 'API keys could not be read'));
    }, limits.keysPollIntervalMs);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#reading?.catch(() => undefined);
  }

  /**
   * Finds the caller of a key. Undefined if the key is unknown, revoked or expired. Throws the
   * database's error if an unknown key cannot be looked up.
   */
  async find(key: string): Promise<Caller | undefined> {
    const id = form.exec(key)?.[1];
    if (id === undefined) return undefined;
    await this.#readUnknown(id);
    const known = this.#keys.get(id);
    if (!known || !timingSafeEqual(known.hash, hashOf(key))) return undefined;
    return this.#callerOf(known);
  }

  /** The caller of a key, as found earlier. Undefined if the key no longer permits the same. */
  async callerOf(key: Pick<ApiKey, 'id' | 'subject' | 'scopes'>): Promise<Caller | undefined> {
    await this.#readUnknown(key.id);
    return this.#callerOf(key);
  }

  #callerOf({ id, subject, scopes }: Pick<ApiKey, 'id' | 'subject' | 'scopes'>): Caller | undefined {
    const isAuthorized = () => this.#permits({ id, subject, scopes });
    return isAuthorized()
      ? { subject, scopes: new Set(scopes), credential: { kind: 'key', id }, isAuthorized }
      : undefined;
  }

  async #readUnknown(id: string): Promise<void> {
    // An unknown key may have been created a moment ago, for example by another process.
    for (let nth = 0; nth < 2 && !this.#keys.has(id); nth += 1) {
      // A read that was already running may have started before the key was created.
      const isJoined = this.#rereading !== undefined;
      await this.#reread();
      if (!isJoined) break;
    }
  }

  /** Whether a key that was found earlier is still valid, for the same subject and scopes. */
  #permits({ id, subject, scopes }: Pick<ApiKey, 'id' | 'subject' | 'scopes'>): boolean {
    const current = this.#keys.get(id);
    if (!current || current.revokedAt !== null) return false;
    if (current.expiresAt !== null && Date.parse(current.expiresAt) <= Date.now()) return false;
    return current.subject === subject && scopes.every((scope) => current.scopes.includes(scope));
  }

  /**
   * Reads the keys again: once for all concurrent callers, and at most every
   * `minKeysReadIntervalMs`. So guessing keys costs PostgreSQL little.
   */
  #reread(): Promise<void> {
    const read = async () => {
      await this.#reading?.catch(() => undefined);
      const waitMs = this.#readAtMs + limits.minKeysReadIntervalMs - performance.now();
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
    this.#readAtMs = performance.now();
    const changes = rows[0]?.changes;
    if (changes === this.#changes) return;
    this.#keys = new Map((await readKeys(this.#pool)).map((key) => [key.id, key]));
    this.#changes = changes;
  }
}

async function readKeys(pool: Pool): Promise<(ApiKey & { hash: Buffer })[]> {
  const { rows } = await pool.query<Omit<ApiKey, 'scopes'> & { hash: Buffer; scopes: string[] }>(
    `select id, hash, name, subject, scopes, created_at as "createdAt", expires_at as "expiresAt", revoked_at as "revokedAt",
       created_by as "createdBy"
     from api_keys order by created_at`,
  );
  return rows.map((row) => ({ ...row, scopes: row.scopes.filter(isScope) }));
}

function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
