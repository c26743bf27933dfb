import type pg from 'pg';
import { eventLogLimits as limits } from '../limits.js';
import { connectToSession } from './inspect-database.js';
import { findSearchPath } from './log-schema.js';
import { type SessionSetting, seconds, setSession } from './session-settings.js';

export interface OwnerSession {
  /** The caller ends it. */
  readonly client: pg.Client;
  /** The search_path of the session, which leads to the log's schema. */
  readonly searchPath: string;
}

/**
 * Opens a session as the owner of the log's tables, for migrations and new epochs. It is one
 * session of PostgreSQL, with the settings that the work needs, whatever `alter role` and
 * `alter database` say.
 */
export async function openOwnerSession(url: string): Promise<OwnerSession> {
  const client = await connectToSession(url);
  try {
    const searchPath = await findSearchPath(client);
    if (searchPath === undefined) {
      throw new Error('the search_path names no schema that exists: create one, or set it for the role');
    }
    await setSession(client, ownerSettings(searchPath));
    return { client, searchPath };
  } catch (error) {
    await client.end();
    throw error;
  }
}

/** Statements are not bounded: a new index of a large log takes its time. Waits for locks are. */
function ownerSettings(searchPath: string): readonly SessionSetting[] {
  return Object.entries({
    client_encoding: 'UTF8',
    client_min_messages: 'warning',
    standard_conforming_strings: 'on',
    TimeZone: 'UTC',
    default_transaction_isolation: 'read committed',
    default_transaction_read_only: 'off',
    statement_timeout: '0',
    transaction_timeout: '0',
    idle_in_transaction_session_timeout: '0',
    lock_timeout: seconds(limits.migrationLockTimeoutMs),
    search_path: searchPath,
  }).map(([name, value]) => ({ name, value }));
}
