import { readFile } from 'node:fs/promises';
import type { Pool } from '../event-log/database.js';
import { deriveKey } from './cipher.js';
import { lookupKeyContext, type MasterKeys, openWithAny, wrappingKeyOf } from './master-keys.js';
import { PersonKeys } from './person-keys.js';

/**
 * Opens the persons' keys with the master keys in a file: one per line, 32 bytes in base64, the
 * current one first. Undefined without a file. Throws if none of the keys is the one that was used
 * before, and if there is no file although the log has sealed data: a service that could not read
 * parts of its log never starts.
 */
export async function openPersonKeys(pool: Pool, file: string | undefined): Promise<PersonKeys | undefined> {
  if (file === undefined) {
    const { rows } = await pool.query('select 1 from person_keys limit 1');
    if (rows.length === 0) return undefined;
    throw new Error('this log has sealed personal data: set ORDERS_PERSONAL_DATA_KEY_FILE to the file with its key');
  }
  const [current, ...earlier] = readKeys(await readFile(file, 'utf8'), file);
  const wrapping: MasterKeys['wrapping'] = [wrappingKeyOf(current), ...earlier.map(wrappingKeyOf)];
  const stored = await readLookupKey(pool, wrapping);
  // Any of several keys could be the one that has found persons so far.
  if (!stored && earlier.length > 0) {
    throw new Error(
      `${file} has several keys, but no process has run with the present one alone since the last upgrade: start one with it first`,
    );
  }
  const keys = new PersonKeys(pool, { wrapping, lookup: stored ?? deriveKey(current, 'person lookup') });
  await keys.checkMasterKey();
  if (!stored) await keys.storeLookupKey();
  return keys;
}

function readKeys(text: string, file: string): [Buffer, ...Buffer[]] {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const [current, ...earlier] = lines.map((line) => Buffer.from(line, 'base64'));
  if (!current || !lines.every((line) => /^[A-Za-z0-9+/]{43}=$/.test(line))) {
    throw new Error(`${file} must contain 32 bytes in base64 per line: openssl rand -base64 32 creates them`);
  }
  return [current, ...earlier];
}

async function readLookupKey(pool: Pool, wrapping: MasterKeys['wrapping']): Promise<Buffer | undefined> {
  const { rows } = await pool.query<{ wrapped_key: Buffer }>('select wrapped_key from person_lookup_key');
  const [row] = rows;
  if (!row) return undefined;
  try {
    return openWithAny(wrapping, row.wrapped_key, lookupKeyContext);
  } catch (error) {
    throw new Error('the key of ORDERS_PERSONAL_DATA_KEY_FILE is not the one that personal data was sealed with', {
      cause: error,
    });
  }
}
