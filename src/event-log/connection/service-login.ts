import pg from 'pg';
import { hostUrls } from '../../environment.js';
import type { Pool } from '../database.js';

/** The login of the running service, as DATABASE_URL names it. */
export interface ServiceLogin {
  readonly name: string;
  readonly password: string;
}

/** The login in a URL, if it has a name and a password. */
export function loginOf(url: string): ServiceLogin | undefined {
  const [first = url] = hostUrls(url);
  const { username, password } = new URL(first);
  if (username === '' || password === '') return undefined;
  return { name: decodeURIComponent(username), password: decodeURIComponent(password) };
}

/**
 * Creates the login of the running service unless it exists, and makes it a member of the service's
 * role. Leaves both to the operator if this session may not: connecting then fails, and says why.
 */
export async function ensureLogin(client: pg.ClientBase, { name, password }: ServiceLogin, role: string) {
  const [login, quotedRole] = [pg.escapeIdentifier(name), pg.escapeIdentifier(role)];
  const { rows } = await client.query<{ exists: boolean; member: boolean; may_create: boolean }>(
    `select r.oid is not null as exists, coalesce(pg_catalog.pg_has_role(r.oid, $2, 'member'), false) as member,
       (select rolsuper or rolcreaterole from pg_roles where rolname = current_user) as may_create
     from (values ($1::name)) as wanted(name) left join pg_roles r on r.rolname = wanted.name`,
    [name, role],
  );
  // PostgreSQL logs a statement that it refuses, with the password.
  if (!rows[0]?.exists && rows[0]?.may_create)
    await ifAllowed(client, `create role ${login} login password ${pg.escapeLiteral(password)}`);
  if (!rows[0]?.member) await ifAllowed(client, `grant ${quotedRole} to ${login}`);
}

/** Errors that a session without the rights gets, or one of two that do the same at one time. */
const expected: ReadonlySet<string | undefined> = new Set(['42501', '42704', '42710', '23505']);

async function ifAllowed(client: pg.ClientBase, statement: string): Promise<void> {
  await client.query('savepoint ensure_login');
  try {
    await client.query(statement);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError && expected.has(error.code))) throw error;
    await client.query('rollback to savepoint ensure_login');
  }
}

/**
 * A sentence for the operator if the login of the running service may change the log. Such a login
 * can reset the role of its sessions. It can then disable the triggers that keep the log
 * append-only, or insert events past the append functions. Before PostgreSQL 16, a login that may
 * create roles may also make itself a member of the owner's role.
 */
export async function loginWarning(pool: Pool): Promise<string | undefined> {
  const { rows } = await pool.query<{ login: string; is_owner: boolean }>(
    `select session_user::text as login, pg_has_role(session_user, c.relowner, 'member') as is_owner
     from pg_class c join pg_roles r on r.rolname = session_user
     where c.oid = 'events'::regclass
       and (pg_has_role(session_user, c.relowner, 'member') or has_table_privilege(session_user, c.oid, 'insert')
            or (r.rolcreaterole and current_setting('server_version_num')::integer < 160000))`,
  );
  const [found] = rows;
  if (!found) return undefined;
  return (
    `the login ${found.login} of DATABASE_URL ${found.is_owner ? 'owns the log' : 'has rights beyond the service’s role'}, ` +
    'so an attacker in this process could change it: give the running service a login of its own, see "Roles" in ' +
    'docs/servers.md'
  );
}
