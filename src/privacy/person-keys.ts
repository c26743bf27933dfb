import type { Pool } from '../event-log/database.js';
import { UnopenableEvent } from '../event-log/open-events.js';
import { Overloaded } from '../event-log/overloaded.js';
import { hasLoneSurrogate } from '../well-formed-text.js';
import { hmac } from './cipher.js';
import { CreatedKeys } from './created-keys.js';
import { privacyLimits as limits } from './limits.js';
import { type MasterKeys, openWithAny } from './master-keys.js';
import { rewrapAll } from './rotate-master-key.js';

/** A person's key, and the id by which events refer to it. */
export interface PersonKey {
  readonly person: string;
  readonly key: Buffer;
}

interface Row {
  person: string;
  wrapped_key: Buffer | null;
}

interface WaitingUser {
  readonly userId: string;
  readonly resolve: (key: PersonKey) => void;
  readonly reject: (error: unknown) => void;
}

interface Cached {
  readonly key: Buffer | undefined;
  /** The table has no such person. It may have when it is restored. */
  readonly isUnknown?: true;
  /** By performance.now(): a clock that is set back must not keep a key. */
  readonly untilMs: number;
}

/** The person is being forgotten. Nothing can be sealed for them until that has finished. */
export class PersonBeingForgotten extends Error {}

/**
 * Creates, finds and destroys the persons' keys. The table person_keys holds them wrapped by the
 * master key. Memory holds them for `keyCacheMs`.
 */
export class PersonKeys {
  readonly #pool: Pool;
  readonly #masterKeys: MasterKeys;
  readonly #created: CreatedKeys;
  readonly #waiting: WaitingUser[] = [];
  #querying = false;
  readonly #byPerson = new Map<string, Cached>();
  /** By the HMAC of the user id, in hex: no id of a user stays in memory. */
  readonly #byUser = new Map<string, { readonly found: PersonKey; readonly untilMs: number }>();
  /** Removes keys that have expired. Runs while there are keys in memory. */
  #sweep: NodeJS.Timeout | undefined;

  constructor(pool: Pool, masterKeys: MasterKeys) {
    this.#pool = pool;
    this.#masterKeys = masterKeys;
    this.#created = new CreatedKeys(pool, masterKeys);
  }

  /** How many keys are in memory. */
  get cached(): { readonly persons: number; readonly users: number } {
    return { persons: this.#byPerson.size, users: this.#byUser.size };
  }

  /**
   * Returns the user's key, and creates it if there is none. Concurrent requests share their
   * queries. Rejects with PersonBeingForgotten or Overloaded.
   */
  ofUser(userId: string): Promise<PersonKey> {
    const cached = this.#byUser.get(this.#lookupOf(userId).toString('hex'));
    if (cached && cached.untilMs > performance.now()) return Promise.resolve(cached.found);
    if (this.#waiting.length >= limits.maxQueuedUsers) {
      return Promise.reject(new Overloaded('queued lookups of persons', limits.maxQueuedUsers));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ userId, resolve, reject });
      void this.#queryWaiting();
    });
  }

  /**
   * Returns the keys of these persons; undefined for a forgotten one. Throws if the table lacks a
   * person.
   */
  async ofPersons(persons: Iterable<string>): Promise<ReadonlyMap<string, Buffer | undefined>> {
    const found = new Map<string, Buffer | undefined>();
    const missing = new Set<string>();
    const now = performance.now();
    for (const person of persons) {
      const cached = this.#byPerson.get(person);
      if (!cached || cached.untilMs <= now) missing.add(person);
      else if (cached.isUnknown) throw unknownPerson(person);
      else found.set(person, cached.key);
    }
    if (missing.size === 0) return found;
    const { rows } = await this.#pool.query<Row>({
      name: 'person-keys',
      text: 'select person, wrapped_key from person_keys where person = any($1::uuid[])',
      values: [[...missing]],
    });
    for (const { person, wrapped_key: wrapped } of rows) {
      const key = wrapped ? this.#unwrap(person, wrapped) : undefined;
      this.#remember(this.#byPerson, person, { key, untilMs: now + limits.keyCacheMs });
      found.set(person, key);
      missing.delete(person);
    }
    // Many events may be of one unknown person. A failed opening is repeated for parts of its
    // events, which then need no further query.
    for (const person of missing) {
      this.#remember(this.#byPerson, person, { key: undefined, isUnknown: true, untilMs: now + limits.keyCacheMs });
    }
    const [unknown] = missing;
    if (unknown === undefined) return found;
    throw unknownPerson(unknown);
  }

  /**
   * Destroys the user's key. Returns the person's id, also when repeated, until `finish`. Undefined
   * if the user is unknown.
   */
  async destroy(userId: string): Promise<string | undefined> {
    const { rows } = await this.#pool.query<{ person: string }>(
      `update person_keys set wrapped_key = null, forgotten_at = coalesce(forgotten_at, now())
       where lookup = $1 returning person`,
      [this.#lookupOf(userId)],
    );
    this.#byUser.delete(this.#lookupOf(userId).toString('hex'));
    return rows[0]?.person;
  }

  /** Those of these persons who were forgotten, as the database has it now. */
  async forgotten(persons: readonly string[]): Promise<string[]> {
    const { rows } = await this.#pool.query<{ person: string }>({
      name: 'forgotten-persons',
      text: 'select person from person_keys where person = any($1::uuid[]) and wrapped_key is null',
      values: [persons],
    });
    return rows.map(({ person }) => person);
  }

  /** The person of a user whose data is sealed and not forgotten. */
  async find(userId: string): Promise<string | undefined> {
    const found = await this.#find([this.#lookupOf(userId)]);
    return [...found.values()][0]?.person;
  }

  /** Ends the forgetting: removes the link from the user to the person. */
  async finish(person: string): Promise<void> {
    await this.#pool.query('update person_keys set lookup = null where person = $1', [person]);
  }

  /** Wraps all keys by the first master key, see rotate-master-key.ts. */
  rewrapAll(onProgress: (persons: number) => void): Promise<number> {
    return rewrapAll(this.#pool, this.#masterKeys, onProgress);
  }

  /** Throws if the stored keys were wrapped with another master key. */
  async checkMasterKey(): Promise<void> {
    const { rows } = await this.#pool.query<Row>(
      'select person, wrapped_key from person_keys where wrapped_key is not null limit 1',
    );
    const [row] = rows;
    if (row?.wrapped_key) this.#unwrap(row.person, row.wrapped_key);
  }

  /**
   * Finds or creates the keys that requests wait for. Requests that arrive while its queries are in
   * flight share the next ones.
   */
  async #queryWaiting(): Promise<void> {
    if (this.#querying) return;
    this.#querying = true;
    while (this.#waiting.length > 0) {
      const waiting = this.#waiting.splice(0, limits.maxUsersPerQuery);
      try {
        const untilMs = performance.now() + limits.keyCacheMs;
        const rows = await this.#findOrCreate([...new Set(waiting.map(({ userId }) => userId))]);
        for (const { userId, resolve, reject } of waiting) {
          try {
            const found = this.#keyIn(rows.get(userId));
            this.#remember(this.#byUser, this.#lookupOf(userId).toString('hex'), { found, untilMs });
            resolve(found);
          } catch (error) {
            // The key of one person that does not open concerns no other person.
            reject(error);
          }
        }
      } catch (error) {
        for (const { reject } of waiting) reject(error);
      }
    }
    this.#querying = false;
  }

  #keyIn(row: Row | undefined): PersonKey {
    if (!row?.wrapped_key) throw new PersonBeingForgotten();
    return { person: row.person, key: this.#unwrap(row.person, row.wrapped_key) };
  }

  async #findOrCreate(userIds: readonly string[]): Promise<Map<string, Row>> {
    const lookups = userIds.map((userId) => this.#lookupOf(userId));
    const users = new Map(lookups.map((lookup, index) => [lookup.toString('hex'), userIds[index] ?? '']));
    const known = await this.#find(lookups);
    const missing = lookups.filter((lookup) => !known.has(lookup.toString('hex')));
    if (missing.length > 0) {
      await this.#created.create(missing);
      // Another process may have created a key first. The one in the table is used.
      for (const [lookup, row] of await this.#find(missing)) known.set(lookup, row);
    }
    return new Map([...known].map(([lookup, row]) => [users.get(lookup) ?? '', row]));
  }

  /** Finds rows by the HMAC of the user id. The result is keyed by that HMAC in hex. */
  async #find(lookups: readonly Buffer[]): Promise<Map<string, Row>> {
    const { rows } = await this.#pool.query<Row & { lookup: Buffer }>({
      name: 'persons-by-user',
      text: 'select person, lookup, wrapped_key from person_keys where lookup = any($1::bytea[])',
      values: [lookups],
    });
    return new Map(rows.map((row) => [row.lookup.toString('hex'), row]));
  }

  /**
   * The HMAC of a user id. In UTF-8 all lone surrogates are the same bytes, so ids that have one
   * are hashed as UTF-16, behind a byte that no UTF-8 text begins with. The API accepts no such id;
   * the log may have some.
   */
  #lookupOf(userId: string): Buffer {
    const text = hasLoneSurrogate(userId) ? Buffer.concat([notUtf8, Buffer.from(userId, 'utf16le')]) : userId;
    return hmac(this.#masterKeys.lookup, text);
  }

  /** Adds an entry to a cache. Drops the oldest entry if the cache is full. */
  #remember<Value>(cache: Map<string, Value>, name: string, value: Value): void {
    cache.delete(name);
    cache.set(name, value);
    const [oldest] = cache.size > limits.maxCachedKeys ? cache.keys() : [];
    if (oldest !== undefined) cache.delete(oldest);
    this.#sweep ??= setInterval(() => this.#removeExpired(), limits.keyCacheMs).unref();
  }

  #removeExpired(): void {
    const now = performance.now();
    for (const cache of [this.#byPerson, this.#byUser]) {
      for (const [name, { untilMs }] of cache) if (untilMs <= now) cache.delete(name);
    }
    if (this.#byPerson.size + this.#byUser.size > 0) return;
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }

  #unwrap(person: string, wrapped: Buffer): Buffer {
    try {
      return openWithAny(this.#masterKeys.wrapping, wrapped, person);
    } catch (error) {
      throw new UnopenableEvent(
        'the key of ORDERS_PERSONAL_DATA_KEY_FILE is not the one that personal data was sealed with',
        { cause: error },
      );
    }
  }
}

function unknownPerson(person: string): UnopenableEvent {
  return new UnopenableEvent(
    `person_keys has no person ${person}: was the table restored from a backup older than the log?`,
  );
}

const notUtf8 = Buffer.from([0xff]);
