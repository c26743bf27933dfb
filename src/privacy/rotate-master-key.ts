import type { Pool } from '../event-log/database.js';
import { seal } from './cipher.js';
import { privacyLimits as limits } from './limits.js';
import { openLookupKey, readLookupKey, storeLookupKey, wrapLookupKey } from './lookup-key.js';
import { type MasterKeys, opens, openWithAny } from './master-keys.js';

/** Sorts before every person: a random UUID is never all zeros. */
const firstPerson = '00000000-0000-0000-0000-000000000000';

interface Row {
  readonly person: string;
  readonly wrapped_key: Buffer;
}

// $1 persons, $2 their wrapped keys as they were read, $3 the same keys wrapped again, one by one;
// $4 the lookup key as this rotation has stored it.
// Locks the row of person_lookup_key against changes, and the persons' rows. A person who was
// forgotten meanwhile stays forgotten. `is_held` is false if another rotation has begun: it would
// not look again at the rows that this statement changed.
const rewrapSql = `
  with held as materialized (select from person_lookup_key where wrapped_key = $4 for share),
  changed as (
    update person_keys k set wrapped_key = n.fresh
    from held, unnest($1::uuid[], $2::bytea[], $3::bytea[]) as n (person, old, fresh)
    where k.person = n.person and k.wrapped_key = n.old
    returning k.person
  )
  select exists (select from held) as is_held, (select count(*)::int from changed) as changed`;

/**
 * Wraps the keys of all persons by the first master key, so that the earlier ones are not needed
 * any more, while other processes create and destroy keys:
 *
 * 1. One statement wraps the lookup key by the first master key and sets `is_rotating`. It waits
 *    for creations of keys that are under way; all later ones use the first master key
 *    (created-keys.ts).
 * 2. The keys that were created before are wrapped again, page by page.
 * 3. `is_rotating` is cleared. From then on a process may start with the first master key alone.
 *
 * If it is interrupted, repeating it completes it. If another rotation to another master key
 * begins, this one ends with an error.
 * @param onProgress called with the number of persons that were looked at so far.
 * @returns how many keys were wrapped by an earlier master key.
 */
export async function rewrapAll(
  pool: Pool,
  masterKeys: MasterKeys,
  onProgress: (persons: number) => void,
): Promise<number> {
  const { wrapping } = masterKeys;
  const [current] = wrapping;
  const lookupKey = await begin(pool, masterKeys);
  let rewrapped = 0;
  let seen = 0;
  let rows = await readPage(pool, firstPerson);
  for (let last = rows.at(-1); last; last = rows.at(-1)) {
    const old = rows.filter(({ person, wrapped_key: wrapped }) => !opens(current, wrapped, person));
    if (old.length > 0) rewrapped += await rewrap(pool, wrapping, old, lookupKey);
    seen += rows.length;
    onProgress(seen);
    rows = await readPage(pool, last.person);
  }
  const { rowCount } = await pool.query('update person_lookup_key set is_rotating = false where wrapped_key = $1', [
    lookupKey,
  ]);
  if (rowCount !== 1) throw anotherRotation();
  return rewrapped;
}

/** Lets all processes wrap new keys by the first master key. Returns the wrapped lookup key. */
async function begin(pool: Pool, { wrapping, lookup }: MasterKeys): Promise<Buffer> {
  const [current] = wrapping;
  const fresh = wrapLookupKey(current, lookup);
  const stored = (await readLookupKey(pool)) ?? (await storeLookupKey(pool, fresh));
  const opened = stored && openLookupKey(wrapping, stored.wrapped);
  if (!stored || !opened?.lookup.equals(lookup)) throw anotherRotation();
  // It wraps new keys already. An interrupted rotation has `is_rotating` still set.
  if (opened.wrappedBy === current) return stored.wrapped;
  const { rowCount } = await pool.query(
    'update person_lookup_key set wrapped_key = $2, is_rotating = true where wrapped_key = $1',
    [stored.wrapped, fresh],
  );
  if (rowCount !== 1) throw anotherRotation();
  return fresh;
}

async function rewrap(
  pool: Pool,
  wrapping: MasterKeys['wrapping'],
  rows: readonly Row[],
  lookupKey: Buffer,
): Promise<number> {
  const [current] = wrapping;
  const fresh = rows.map(({ person, wrapped_key: wrapped }) =>
    seal(current, unwrap(wrapping, wrapped, person), person),
  );
  const { rows: results } = await pool.query<{ is_held: boolean; changed: number }>({
    name: 'rewrap-person-keys',
    text: rewrapSql,
    values: [rows.map(({ person }) => person), rows.map(({ wrapped_key: wrapped }) => wrapped), fresh, lookupKey],
  });
  const [result] = results;
  if (!result?.is_held) throw anotherRotation();
  return result.changed;
}

function unwrap(wrapping: MasterKeys['wrapping'], wrapped: Buffer, person: string): Buffer {
  try {
    return openWithAny(wrapping, wrapped, person);
  } catch (error) {
    throw new Error(
      `no key in ORDERS_PERSONAL_DATA_KEY_FILE opens the key of person ${person}: add the master key that wrapped it, ` +
        'on a line below the first one, and run the rotation again',
      { cause: error },
    );
  }
}

async function readPage(pool: Pool, after: string): Promise<readonly Row[]> {
  const { rows } = await pool.query<Row>({
    name: 'page-of-person-keys',
    text: `select person, wrapped_key from person_keys where person > $1 and wrapped_key is not null
           order by person limit $2`,
    values: [after, limits.maxUsersPerQuery],
  });
  return rows;
}

function anotherRotation(): Error {
  return new Error(
    'another rotation of the master key has begun: let it end, with the same ORDERS_PERSONAL_DATA_KEY_FILE in all processes',
  );
}
