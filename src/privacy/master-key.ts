import { readFile } from 'node:fs/promises';
import type { Pool } from '../event-log/database.js';
import { PersonKeys } from './person-keys.js';

/**
 * Opens the persons' keys with the master key in a file (32 bytes in base64). Undefined without a
 * file. Throws if the key is not the one that was used before, and if there is no file although the
 * log has sealed data: a service that could not read parts of its log never starts.
 */
export async function openPersonKeys(pool: Pool, file: string | undefined): Promise<PersonKeys | undefined> {
  if (file === undefined) {
    const { rows } = await pool.query('select 1 from person_keys limit 1');
    if (rows.length === 0) return undefined;
    throw new Error('this log has sealed personal data: set ORDERS_PERSONAL_DATA_KEY_FILE to the file with its key');
  }
  const text = (await readFile(file, 'utf8')).trim();
  const key = Buffer.from(text, 'base64');
  if (key.length !== 32 || !/^[A-Za-z0-9+/]{43}=$/.test(text)) {
    throw new Error(`${file} must contain 32 bytes in base64: openssl rand -base64 32 creates them`);
  }
  const keys = new PersonKeys(pool, key);
  await keys.checkMasterKey();
  return keys;
}
