import { randomUUID } from 'node:crypto';
import { DatabaseUnavailable } from '../event-log/connection/database-unavailable.js';
import type { Pool } from '../event-log/database.js';
import { randomBytes } from '../random-bytes.js';
import { seal } from './cipher.js';
import { openLookupKey, readLookupKey, storeLookupKey, wrapLookupKey } from './lookup-key.js';
import type { MasterKeys } from './master-keys.js';

// $1 persons, $2 lookups, $3 wrapped keys, one by one; $4 the wrapped lookup key that the caller
// knows. Returns the stored one. Inserts nothing if they differ.
// Locks the row of person_lookup_key against changes until the keys are committed: a rotation
// changes that row first, and afterwards sees every key that was created before. If the row is
// being changed, the lock waits, and the row is read again.
const createSql = `
  with held as materialized (select wrapped_key from person_lookup_key for share),
  created as (
    insert into person_keys (person, lookup, wrapped_key)
    select n.person, n.lookup, n.wrapped_key
    from held, unnest($1::uuid[], $2::bytea[], $3::bytea[]) as n (person, lookup, wrapped_key)
    where held.wrapped_key = $4
    on conflict (lookup) do nothing
  )
  select wrapped_key from held`;

/** Tries to create keys. A rotation changes the stored lookup key once: a second try succeeds. */
const maxTries = 2;

/** The stored lookup key, and the master key that wraps it and new keys of persons. */
interface KnownLookupKey {
  readonly wrapped: Buffer;
  readonly wrapping: Buffer;
}

/**
 * Creates keys of persons under the master key that wraps the stored lookup key at that moment.
 * Without that check, a process that has not noticed a rotation could insert a key under the old
 * master key behind the rotation's back, and nobody could open it once that key is destroyed.
 */
export class CreatedKeys {
  readonly #pool: Pool;
  readonly #masterKeys: MasterKeys;
  #known: KnownLookupKey | undefined;

  constructor(pool: Pool, masterKeys: MasterKeys) {
    this.#pool = pool;
    this.#masterKeys = masterKeys;
  }

  /**
   * Creates a key for each person that has none.
   * @param lookups the HMACs of the user ids.
   */
  async create(lookups: readonly Buffer[]): Promise<void> {
    // Processes that create keys for the same users lock them in the same order.
    const sorted = [...lookups].sort(Buffer.compare);
    const persons = sorted.map(() => randomUUID());
    for (let nth = 0; nth < maxTries; nth += 1) {
      const { wrapped, wrapping } = this.#known ?? (await this.#read());
      const { rows } = await this.#pool.query<{ wrapped_key: Buffer }>({
        name: 'create-person-keys',
        text: createSql,
        values: [persons, sorted, persons.map((person) => seal(wrapping, randomBytes(32), person)), wrapped],
      });
      const stored = rows[0]?.wrapped_key;
      if (stored?.equals(wrapped)) return;
      this.#known = stored && this.#open(stored);
    }
    throw unavailable('repeat the request');
  }

  async #read(): Promise<KnownLookupKey> {
    const { wrapping, lookup } = this.#masterKeys;
    const stored =
      (await readLookupKey(this.#pool)) ?? (await storeLookupKey(this.#pool, wrapLookupKey(wrapping[0], lookup)));
    if (!stored) throw unavailable('repeat the request');
    this.#known = this.#open(stored.wrapped);
    return this.#known;
  }

  #open(wrapped: Buffer): KnownLookupKey {
    const { wrapping, lookup } = this.#masterKeys;
    const opened = openLookupKey(wrapping, wrapped);
    if (!opened?.lookup.equals(lookup)) {
      throw unavailable('restart this process with the present file in ORDERS_PERSONAL_DATA_KEY_FILE');
    }
    return { wrapped, wrapping: opened.wrappedBy };
  }
}

function unavailable(remedy: string): DatabaseUnavailable {
  return new DatabaseUnavailable('the master key of personal data was replaced', false, new Error(remedy));
}
