import type { Pool } from '../event-log/database.js';
import { seal } from './cipher.js';
import { privacyLimits as limits } from './limits.js';
import { lookupKeyContext, type MasterKeys, opens, openWithAny } from './master-keys.js';

/** Sorts before every person: a random UUID is never all zeros. */
const firstPerson = '00000000-0000-0000-0000-000000000000';

interface Row {
  readonly person: string;
  readonly wrapped_key: Buffer;
}

/**
 * Wraps the keys of all persons by the first master key, so that the earlier ones are not needed
 * any more. Can be interrupted and repeated, while other processes create and destroy keys.
 * @param onProgress called with the number of persons that were looked at so far.
 * @returns how many keys were wrapped by an earlier master key.
 */
export async function rewrapAll(
  pool: Pool,
  { wrapping, lookup }: MasterKeys,
  onProgress: (persons: number) => void,
): Promise<number> {
  const [current] = wrapping;
  // From here on, all processes wrap new keys by the first master key. Those that have just looked
  // at the lookup key create theirs within the wait.
  await pool.query(
    `insert into person_lookup_key (wrapped_key) values ($1)
     on conflict (is_only) do update set wrapped_key = excluded.wrapped_key`,
    [seal(current, lookup, lookupKeyContext)],
  );
  await new Promise((resolve) => setTimeout(resolve, 2 * limits.keyCacheMs));
  let rewrapped = 0;
  let seen = 0;
  let rows = await readPage(pool, firstPerson);
  for (let last = rows.at(-1); last; last = rows.at(-1)) {
    const old = rows.filter(({ person, wrapped_key: wrapped }) => !opens(current, wrapped, person));
    const fresh = old.map(({ person, wrapped_key: wrapped }) =>
      seal(current, openWithAny(wrapping, wrapped, person), person),
    );
    // A person who is forgotten meanwhile stays forgotten.
    await pool.query(
      `update person_keys k set wrapped_key = n.fresh
       from unnest($1::uuid[], $2::bytea[], $3::bytea[]) as n (person, old, fresh)
       where k.person = n.person and k.wrapped_key = n.old`,
      [old.map(({ person }) => person), old.map(({ wrapped_key: wrapped }) => wrapped), fresh],
    );
    rewrapped += old.length;
    seen += rows.length;
    onProgress(seen);
    rows = await readPage(pool, last.person);
  }
  return rewrapped;
}

async function readPage(pool: Pool, after: string): Promise<readonly Row[]> {
  const { rows } = await pool.query<Row>(
    `select person, wrapped_key from person_keys where person > $1 and wrapped_key is not null
     order by person limit $2`,
    [after, limits.maxUsersPerQuery],
  );
  return rows;
}
