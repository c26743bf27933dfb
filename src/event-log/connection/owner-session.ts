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

/**
 * Selects a function or an operator in the schema of the log that has the name of one of
 * PostgreSQL's own, and whose owner is a stranger: no superuser, not the current user, and the
 * owner neither of the schema nor of the log. Takes no lock.
 */
const overloadsSql = `
  with schema as (
    select n.oid, n.nspowner from pg_catalog.pg_namespace n where n.nspname = pg_catalog.current_schema()
  ), objects as (
    select 'the function ' || p.proname::text || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' as name,
           p.proowner as owner
    from pg_catalog.pg_proc p join schema s on p.pronamespace = s.oid
    where exists (select from pg_catalog.pg_proc c
                  where c.proname = p.proname and c.pronamespace = 'pg_catalog'::pg_catalog.regnamespace::pg_catalog.oid)
    union all
    select 'the operator ' || o.oprname::text || ' (' || pg_catalog.format_type(o.oprleft, null) || ', '
             || pg_catalog.format_type(o.oprright, null) || ')',
           o.oprowner
    from pg_catalog.pg_operator o join schema s on o.oprnamespace = s.oid
    where exists (select from pg_catalog.pg_operator c
                  where c.oprname = o.oprname and c.oprnamespace = 'pg_catalog'::pg_catalog.regnamespace::pg_catalog.oid)
  )
  select o.name, r.rolname::text as owner
  from objects o join pg_catalog.pg_roles r on r.oid = o.owner cross join schema s
  where not r.rolsuper and r.rolname <> current_user
    and not pg_catalog.pg_has_role(r.oid, s.nspowner, 'usage')
    and not exists (select from pg_catalog.pg_class c
                    where c.oid = pg_catalog.to_regclass('log_settings')::pg_catalog.oid and c.relowner = r.oid)
  order by o.name limit 1`;

interface Overload {
  readonly name: string;
  readonly owner: string;
}

/**
 * Throws an Error if a stranger has created a function or an operator in the schema of the log that
 * could take the place of one of PostgreSQL's own. The files of sql/ run as the owner of the log:
 * the code of the stranger would have the owner's rights. Called before a file runs.
 */
export async function refuseOverloads(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<Overload>(overloadsSql);
  const [found] = rows;
  if (!found) return;
  throw new Error(
    `${found.name} of the role ${found.owner} could take the place of PostgreSQL's own while the database is ` +
      'migrated: drop it, or give the log a schema in which no other role may create objects',
  );
}
