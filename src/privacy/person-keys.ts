import { randomBytes } from 'node:crypto';
import type { Pool } from '../event-log/database.js';
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
  readonly #byPerson = new Map<string, Cached>();
  readonly #byUser = new Map<string, { readonly found: PersonKey; readonly untilMs: number }>();

  /** @param masterKey 32 bytes. */
  constructor(pool: Pool, masterKey: Buffer) {
    this.#pool = pool;
    this.#wrapping = deriveKey(masterKey, 'person key wrapping');
    this.#lookup = deriveKey(masterKey, 'person lookup');
  }

  /** The user's key, made where there is none yet. Rejects with PersonBeingForgotten. */
  async ofUser(userId: string): Promise<PersonKey> {
    const cached = this.#byUser.get(userId);
    if (cached && cached.untilMs > Date.now()) return cached.found;
    const untilMs = Date.now() + limits.keyCacheMs;
    const row = (await this.#find(userId)) ?? (await this.#create(userId));
    if (!row.wrapped_key) throw new PersonBeingForgotten();
    const found = { person: row.person, key: this.#unwrap(row.person, row.wrapped_key) };
    remember(this.#byUser, userId, { found, untilMs });
    return found;
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
      throw new Error(`there is no key of person ${person}: was person_keys restored too old?`);
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

  async #find(userId: string): Promise<Row | undefined> {
    const { rows } = await this.#pool.query<Row>({
      name: 'person-by-user',
      text: 'select person, wrapped_key from person_keys where lookup = $1',
      values: [hmac(this.#lookup, userId)],
    });
    return rows[0];
  }

  async #create(userId: string): Promise<Row> {
    const { rows: named } = await this.#pool.query<{ person: string }>('select gen_random_uuid() as person');
    const person = named[0]?.person ?? '';
    await this.#pool.query(
      'insert into person_keys (person, lookup, wrapped_key) values ($1, $2, $3) on conflict (lookup) do nothing',
      [person, hmac(this.#lookup, userId), seal(this.#wrapping, randomBytes(32), person)],
    );
    const row = await this.#find(userId);
    if (!row) throw new PersonBeingForgotten();
    return row;
  }

  #unwrap(person: string, wrapped: Buffer): Buffer {
    try {
      return open(this.#wrapping, wrapped, person);
    } catch (error) {
      throw new Error('the key of ORDERS_PERSONAL_DATA_KEY_FILE is not the one that personal data was sealed with', {
        cause: error,
      });
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
