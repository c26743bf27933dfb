import pg from 'pg';
import { eventLogLimits as limits } from '../limits.js';
import type { DatabaseAccess } from './database-access.js';
import { insufficientPrivilege, SessionRefused } from './session-refused.js';

/** A setting of a session, in the form in which PostgreSQL shows it. */
export interface SessionSetting {
  readonly name: string;
  readonly value: string;
}

/**
 * The needs of every session of the service, whatever `alter role`, `alter database`,
 * postgresql.conf or the URL's `options` say:
 *
 * - Texts of PostgreSQL have one form, which this code parses and which the hash covers.
 * - An append sees what was committed before it took its lock (read committed), may write, and is
 *   durable when it is acknowledged.
 * - Every wait is bounded, and by this service's limits only.
 * - `jit` is off: compiling a statement of milliseconds costs tens of them, for each session.
 */
const alwaysNeeded: readonly SessionSetting[] = [
  { name: 'client_encoding', value: 'UTF8' },
  { name: 'standard_conforming_strings', value: 'on' },
  { name: 'TimeZone', value: 'UTC' },
  { name: 'DateStyle', value: 'ISO, MDY' },
  { name: 'IntervalStyle', value: 'postgres' },
  { name: 'bytea_output', value: 'hex' },
  { name: 'extra_float_digits', value: '1' },
  { name: 'default_transaction_isolation', value: 'read committed' },
  { name: 'default_transaction_read_only', value: 'off' },
  { name: 'lock_timeout', value: '0' },
  { name: 'idle_in_transaction_session_timeout', value: seconds(limits.statementTimeoutMs) },
  // PostgreSQL 17 and newer.
  { name: 'transaction_timeout', value: '0' },
  { name: 'statement_timeout', value: seconds(limits.statementTimeoutMs) },
  { name: 'idle_session_timeout', value: '0' },
  { name: 'jit', value: 'off' },
];

/** @param further settings of one kind of session; they replace those above. */
export function sessionSettings(
  { searchPath }: Pick<DatabaseAccess, 'searchPath'>,
  further: Readonly<Record<string, string>> = {},
): readonly SessionSetting[] {
  const always = alwaysNeeded.map(({ name, value }) => ({ name, value: further[name] ?? value }));
  return searchPath === undefined ? always : [...always, { name: 'search_path', value: searchPath }];
}

/** The form in which PostgreSQL shows whole seconds. */
export function seconds(milliseconds: number): string {
  return `${milliseconds / 1_000}s`;
}

/**
 * Sets what the session needs. Settings that this PostgreSQL does not have are left out. The role
 * comes last. `synchronous_commit` is changed only if it is off: every other value is durable.
 * Start-up options would save this statement, but poolers refuse or drop them, and `options` in the
 * URL would replace them.
 */
const setSql = `
  select pg_catalog.set_config('synchronous_commit', 'on', false)
  where pg_catalog.current_setting('synchronous_commit') = 'off'
  union all
  select pg_catalog.set_config(needed.name, needed.value, false)
  from unnest($1::text[], $2::text[]) as needed(name, value)
  where pg_catalog.current_setting(needed.name, true) is not null`;

/** Shows what the session has. */
const verifySql = `
  select current_user::text as role, session_user::text as login, current_database()::text as database,
         current_setting('synchronous_commit') as synchronous_commit,
         array(select coalesce(current_setting(needed.name, true), '')
               from unnest($1::text[]) with ordinality as needed(name, nth) order by nth) as values`;

/** Sets what `sessionSettings` lists, or other settings, for the rest of the session. */
export async function setSession(client: pg.ClientBase, settings: readonly SessionSetting[]): Promise<void> {
  await client.query(setSql, [settings.map(({ name }) => name), settings.map(({ value }) => value)]);
}

interface Session {
  readonly role: string;
  readonly login: string;
  readonly database: string;
  readonly synchronous_commit: string;
  /** Empty if this PostgreSQL does not have the setting. */
  readonly values: readonly string[];
}

/**
 * Prepares a new session: sets what it needs, and verifies it with one query. Rejects with
 * SessionRefused if the session is not as it has to be.
 *
 * Behind a pooler in transaction mode nothing is set, because a session of PostgreSQL is shared
 * with other clients, one transaction each. There the settings come from the login, and the query
 * verifies them.
 */
export async function prepareSession(
  client: pg.ClientBase,
  access: DatabaseAccess,
  settings: readonly SessionSetting[] = sessionSettings(access),
): Promise<void> {
  const names = settings.map(({ name }) => name);
  const isShared = access.directUrl !== undefined;
  if (!isShared) {
    await setSession(client, [...settings, { name: 'role', value: access.role }]).catch((error: unknown) => {
      throw SessionRefused.ofSetting(error, access) ?? error;
    });
  }
  const { rows } = await client.query<Session>(verifySql, [names]);
  const [session] = rows;
  if (!session) throw new Error('PostgreSQL showed no settings');
  verify(session, access, settings, isShared);
}

function verify(
  session: Session,
  { role }: DatabaseAccess,
  settings: readonly SessionSetting[],
  isShared: boolean,
): void {
  const { login, database, values } = session;
  const remedy = (name: string, value: string) =>
    isShared
      ? `As the owner of the database or as a superuser: alter role ${role} in database "${database}" ` +
        `set ${name} = '${value}'; then let the pooler reconnect.`
      : 'A connection pooler or proxy seems to drop settings: use its session mode, or set DATABASE_DIRECT_URL to ' +
        'the address of PostgreSQL itself.';
  if (session.role !== role) {
    throw new SessionRefused(
      isShared
        ? `DATABASE_URL logs in as ${login}, but a pooler in transaction mode needs the login ${role}. As a ` +
            `superuser: alter role ${role} login password '…'; then use this login in DATABASE_URL.`
        : `The session has the role ${session.role} instead of ${role}. ${remedy('role', role)}`,
    );
  }
  for (const [index, { name, value }] of settings.entries()) {
    const actual = values[index];
    if (actual === value || actual === '') continue;
    throw new SessionRefused(`The setting ${name} is ${actual}, but has to be ${value}. ${remedy(name, value)}`);
  }
  if (session.synchronous_commit === 'off') {
    throw new SessionRefused(
      `The setting synchronous_commit is off, so a crash could lose acknowledged orders. ${remedy('synchronous_commit', 'on')}`,
    );
  }
}

/**
 * Stores the settings with the service's role, so that they also hold behind a pooler in
 * transaction mode, where the service logs in as that role. Does nothing if they are stored, or if
 * the current user may not change the role: the start then says which setting is missing.
 * @param client in a transaction.
 */
export async function storeRoleSettings(client: pg.ClientBase, access: Omit<DatabaseAccess, 'url'>): Promise<void> {
  const { role } = access;
  const settings = sessionSettings(access);
  const { rows } = await client.query<{ statement: string }>(
    `select pg_catalog.format('alter role %I in database %I set %I = %s', $1::text, pg_catalog.current_database(), needed.name,
                   -- A search_path is a list of names, and no text.
                   case needed.name when 'search_path' then needed.value else pg_catalog.quote_literal(needed.value) end) as statement
     from unnest($2::text[], $3::text[]) as needed(name, value)
     where not pg_catalog.pg_is_in_recovery() and pg_catalog.current_setting(needed.name, true) is not null and not exists (
       select from pg_db_role_setting s join pg_roles r on r.oid = s.setrole join pg_database d on d.oid = s.setdatabase
       where r.rolname = $1 and d.datname = pg_catalog.current_database()
         and needed.name || '=' || needed.value = any (s.setconfig))`,
    [role, settings.map(({ name }) => name), settings.map(({ value }) => value)],
  );
  if (rows.length === 0) return;
  await client.query('savepoint role_settings');
  try {
    for (const { statement } of rows) await client.query(statement);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError && error.code === insufficientPrivilege)) throw error;
    await client.query('rollback to savepoint role_settings');
  }
}
