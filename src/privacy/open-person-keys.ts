import { readFile } from 'node:fs/promises';
import { ConfigError, fileProblem } from '../environment.js';
import type { Pool } from '../event-log/database.js';
import {
  openLookupKey,
  readLookupKey,
  replaceUnusedLookupKey,
  type StoredLookupKey,
  storeLookupKey,
  wrapLookupKey,
} from './lookup-key.js';
import { type MasterKeys, masterKeysOf, wrappingKeyOf } from './master-keys.js';
import { PersonKeys } from './person-keys.js';

/** The SQLSTATE of a write to a read-only server. */
const readOnly = '25006';

/**
 * Opens the persons' keys with the master keys in a file: one per line, 32 bytes in base64, the
 * current one first. Undefined without a file. Throws if
 *
 * - none of the keys is the one that was used before, and some person's key depends on it;
 * - a rotation of the master key has not ended, and the file has one key only;
 * - there is no file although the log has sealed data.
 *
 * A service that could not read parts of its log never starts.
 */
export async function openPersonKeys(pool: Pool, file: string | undefined): Promise<PersonKeys | undefined> {
  if (file === undefined) {
    const { rows } = await pool.query('select 1 from person_keys limit 1');
    if (rows.length === 0) return undefined;
    throw new Error('this log has sealed personal data: set ORDERS_PERSONAL_DATA_KEY_FILE to the file with its key');
  }
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new ConfigError('ORDERS_PERSONAL_DATA_KEY_FILE', `is ${file}, which ${fileProblem(error)}`);
  });
  const [current, ...earlier] = readKeys(text, file);
  const wrapping: MasterKeys['wrapping'] = [wrappingKeyOf(current), ...earlier.map(wrappingKeyOf)];
  const derived: MasterKeys = { ...masterKeysOf(current), wrapping };
  const stored = await readLookupKey(pool);
  if (!stored) return openFirst(pool, derived, file);
  if (stored.isRotating && earlier.length === 0) {
    throw new Error(
      `a rotation of the master key has not ended: put the earlier key back into ${file}, below the new one, ` +
        'and run `orders rotate-master-key` again',
    );
  }
  return openStored(pool, derived, stored);
}

/** Opens the keys of a log whose lookup key is not stored, and stores it. */
async function openFirst(pool: Pool, derived: MasterKeys, file: string): Promise<PersonKeys> {
  // Any of several keys could be the one that has found persons so far.
  if (derived.wrapping.length > 1) {
    throw new Error(
      `${file} has several keys, but no process has run with the present one alone since the last upgrade: start one with it first`,
    );
  }
  const keys = new PersonKeys(pool, derived);
  await keys.checkMasterKey();
  const fresh = wrapLookupKey(derived.wrapping[0], derived.lookup);
  const stored = await ifWritable(() => storeLookupKey(pool, fresh));
  return stored ? openStored(pool, derived, stored) : keys;
}

async function openStored(pool: Pool, derived: MasterKeys, stored: StoredLookupKey): Promise<PersonKeys> {
  const opened = openLookupKey(derived.wrapping, stored.wrapped);
  if (!opened) {
    const fresh = wrapLookupKey(derived.wrapping[0], derived.lookup);
    // A key that was lost before it sealed anything must not lock the service out for ever.
    const isReplaced = await ifWritable(() => replaceUnusedLookupKey(pool, stored.wrapped, fresh));
    if (isReplaced !== false) return new PersonKeys(pool, derived);
    throw new Error('the key of ORDERS_PERSONAL_DATA_KEY_FILE is not the one that personal data was sealed with');
  }
  const keys = new PersonKeys(pool, { ...derived, lookup: opened.lookup });
  await keys.checkMasterKey();
  return keys;
}

/** Runs a task that writes. Undefined on a server that is read-only. */
async function ifWritable<T>(task: () => Promise<T>): Promise<T | undefined> {
  try {
    return await task();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === readOnly) return undefined;
    throw error;
  }
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
