import { inTransaction } from '../event-log/connection/in-transaction.js';
import type { Pool } from '../event-log/database.js';
import { open, seal } from './cipher.js';
import type { MasterKeys } from './master-keys.js';

/** The row of person_lookup_key. */
export interface StoredLookupKey {
  /** The lookup key, wrapped by the master key that wraps new keys of persons. */
  readonly wrapped: Buffer;
  /** Whether some persons' keys may still be wrapped by an earlier master key. */
  readonly isRotating: boolean;
}

/** The lookup key, and the master key that wraps it. */
export interface OpenedLookupKey {
  readonly lookup: Buffer;
  readonly wrappedBy: Buffer;
}

/** The additional data of the wrapped lookup key. */
const context = 'person lookup key';

/** Wraps the lookup key. */
export function wrapLookupKey(wrapping: Buffer, lookup: Buffer): Buffer {
  return seal(wrapping, lookup, context);
}

/** Opens a wrapped lookup key with one of the master keys. Undefined if none of them wrapped it. */
export function openLookupKey(wrapping: MasterKeys['wrapping'], wrapped: Buffer): OpenedLookupKey | undefined {
  for (const wrappedBy of wrapping) {
    try {
      return { lookup: open(wrappedBy, wrapped, context), wrappedBy };
    } catch {
      // Another key may open it.
    }
  }
  return undefined;
}

/** Reads the row. Undefined before the first start with a master key. */
export async function readLookupKey(pool: Pool): Promise<StoredLookupKey | undefined> {
  const { rows } = await pool.query<StoredLookupKey>({
    name: 'person-lookup-key',
    text: 'select wrapped_key as wrapped, is_rotating as "isRotating" from person_lookup_key',
  });
  return rows[0];
}

/** Stores the lookup key unless one is stored already. Returns the one that is stored then. */
export async function storeLookupKey(pool: Pool, wrapped: Buffer): Promise<StoredLookupKey | undefined> {
  await pool.query('insert into person_lookup_key (wrapped_key) values ($1) on conflict do nothing', [wrapped]);
  return readLookupKey(pool);
}

/**
 * Replaces the lookup key if nothing depends on it: person_keys is empty. A creation of persons'
 * keys holds a lock of the row until it is committed (created-keys.ts), so the second statement
 * sees all that were made under the old one.
 * @returns whether it was replaced
 */
export async function replaceUnusedLookupKey(pool: Pool, old: Buffer, wrapped: Buffer): Promise<boolean> {
  const { rows } = await pool.query('select from person_keys limit 1');
  if (rows.length > 0) return false;
  return inTransaction(pool, async (client) => {
    await client.query('select from person_lookup_key for update');
    const { rowCount } = await client.query(
      `update person_lookup_key set wrapped_key = $2, is_rotating = false
       where wrapped_key = $1 and not exists (select from person_keys)`,
      [old, wrapped],
    );
    return rowCount === 1;
  });
}
