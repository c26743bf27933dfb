import { randomBytes, randomUUID } from 'node:crypto';
import type { Pool } from '../event-log/database.js';
import { Overloaded } from '../event-log/overloaded.js';
import { UnopenableEvent } from '../event-log/unopenable-event.js';
import { deriveKey, hmac, open, seal } from './cipher.js';
import { privacyLimits as limits } from './limits.js';

/** A person's key, and the name by which events refer to it. */
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
  readonly untilMs: number;
}

/** The person is just being forgotten: nothing can be sealed for them until that is over. */
export class PersonBeingForgotten extends Error {}

/** The persons' keys: in their table wrapped by the master key, in memory for a short while. */
export class PersonKeys {
  readonly #pool: Pool;
  readonly #wrapping: Buffer;
  readonly #lookup: Buffer;
  readonly #waiting: WaitingUser[] = [];
  #answering = false;
  readonly #byPerson = new Map<string, Cached>();
  readonly #byUser = new Map<string, { readonly found: PersonKey; readonly untilMs: number }>();

  /** @param masterKey 32 bytes. */
  constructor(pool: Pool, masterKey: Buffer) {
    this.#pool = pool;
    this.#wrapping = deriveKey(masterKey, 'person key wrapping');
    this.#lookup = deriveKey(masterKey, 'person lookup');
  }

  /** The user's key, made where there is none yet. Those asked for at once share their queries. Rejects with PersonBeingForgotten or Overloaded. */
  ofUser(userId: string): Promise<PersonKey> {
    const cached = this.#byUser.get(userId);
    if (cached && cached.untilMs > Date.now()) return Promise.resolve(cached.found);
    if (this.#waiting.length >= limits.maxQueuedUsers) {
      return Promise.reject(new Overloaded('persons to look up', limits.maxQueuedUsers));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ userId, resolve, reject });
      void this.#answerWaiting();
    });
  }

  /** The keys of these persons; undefined for those who were forgotten. Throws on one that the table does not know. */
  async ofPersons(persons: Iterable<string>): Promise<ReadonlyMap<string, Buffer | undefined>> {
    const found = new Map<string, Buffer | undefined>();
    const missing = new Set<string>();
    const now = Date.now();
    for (const person of persons) {
      const cached = this.#byPerson.get(person);
      if (cached && cached.untilMs > now) found.set(person, cached.key);
      else missing.add(person);
    }
    if (missing.size === 0) return found;
    const { rows } = await this.#pool.query<Row>({
      name: 'person-keys',
      text: 'select person, wrapped_key from person_keys where person = any($1::uuid[])',
      values: [[...missing]],
    });
    for (const { person, wrapped_key: wrapped } of rows) {
      const key = wrapped ? this.#unwrap(person, wrapped) : undefined;
      remember(this.#byPerson, person, { key, untilMs: now + limits.keyCacheMs });
      found.set(person, key);
      missing.delete(person);
    }
    for (const person of missing)
      throw new UnopenableEvent(`there is no key of person ${person}: was person_keys restored too old?`);
    return found;
  }

  /** Destroys the user's key. Done again, it gives the same until `finish`. Undefined where there is no such user. */
  async destroy(userId: string): Promise<string | undefined> {
    const { rows } = await this.#pool.query<{ person: string }>(
      `update person_keys set wrapped_key = null, forgotten_at = coalesce(forgotten_at, now())
       where lookup = $1 returning person`,
      [hmac(this.#lookup, userId)],
    );
    this.#byUser.delete(userId);
    return rows[0]?.person;
  }

  /** Ends a forgetting: nothing leads from the user to the person any more. */
  async finish(person: string): Promise<void> {
    await this.#pool.query('update person_keys set lookup = null where person = $1', [person]);
  }

  /** Throws where the master key is not the one that the keys were wrapped with. */
  async checkMasterKey(): Promise<void> {
    const { rows } = await this.#pool.query<Row>(
      'select person, wrapped_key from person_keys where wrapped_key is not null limit 1',
    );
    const [row] = rows;
    if (row?.wrapped_key) this.#unwrap(row.person, row.wrapped_key);
  }

  /** No timer: what is asked for while queries are in flight shares the next ones. */
  async #answerWaiting(): Promise<void> {
    if (this.#answering) return;
    this.#answering = true;
    while (this.#waiting.length > 0) {
      const waiting = this.#waiting.splice(0, limits.maxUsersPerQuery);
      try {
        const untilMs = Date.now() + limits.keyCacheMs;
        const rows = await this.#findOrCreate([...new Set(waiting.map(({ userId }) => userId))]);
        for (const { userId, resolve, reject } of waiting) {
          const row = rows.get(userId);
          if (!row?.wrapped_key) {
            reject(new PersonBeingForgotten());
            continue;
          }
          const found = { person: row.person, key: this.#unwrap(row.person, row.wrapped_key) };
          remember(this.#byUser, userId, { found, untilMs });
          resolve(found);
        }
      } catch (error) {
        for (const { reject } of waiting) reject(error);
      }
    }
    this.#answering = false;
  }

  async #findOrCreate(userIds: readonly string[]): Promise<Map<string, Row>> {
    const lookups = userIds.map((userId) => hmac(this.#lookup, userId));
    const users = new Map(lookups.map((lookup, index) => [lookup.toString('hex'), userIds[index] ?? '']));
    const known = await this.#find(lookups);
    const missing = lookups.filter((lookup) => !known.has(lookup.toString('hex')));
    if (missing.length > 0) {
      const persons = missing.map(() => randomUUID());
      const wrapped = persons.map((person) => seal(this.#wrapping, randomBytes(32), person));
      await this.#pool.query({
        name: 'create-person-keys',
        text: `insert into person_keys (person, lookup, wrapped_key)
               select * from unnest($1::uuid[], $2::bytea[], $3::bytea[]) on conflict (lookup) do nothing`,
        values: [persons, missing, wrapped],
      });
      // Another process may have come first with one: what the table holds counts.
      for (const [lookup, row] of await this.#find(missing)) known.set(lookup, row);
    }
    return new Map([...known].map(([lookup, row]) => [users.get(lookup) ?? '', row]));
  }

  /** By lookup, hex. */
  async #find(lookups: readonly Buffer[]): Promise<Map<string, Row>> {
    const { rows } = await this.#pool.query<Row & { lookup: Buffer }>({
      name: 'persons-by-user',
      text: 'select person, lookup, wrapped_key from person_keys where lookup = any($1::bytea[])',
      values: [lookups],
    });
    return new Map(rows.map((row) => [row.lookup.toString('hex'), row]));
  }

  #unwrap(person: string, wrapped: Buffer): Buffer {
    try {
      return open(this.#wrapping, wrapped, person);
    } catch (error) {
      throw new UnopenableEvent(
        'the key of ORDERS_PERSONAL_DATA_KEY_FILE is not the one that personal data was sealed with',
        { cause: error },
      );
    }
  }
}

/** The oldest entry makes room. */
function remember<Value>(cache: Map<string, Value>, name: string, value: Value): void {
  cache.delete(name);
  cache.set(name, value);
  if (cache.size <= limits.maxCachedKeys) return;
  for (const oldest of cache.keys()) {
    cache.delete(oldest);
    break;
  }
}
