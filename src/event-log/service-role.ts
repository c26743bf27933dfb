import type pg from 'pg';
import { defaultServiceRole } from './connection/database-access.js';
import type { Schema, SqlFile } from './sql-files.js';

/** The file that creates the service's role; it may be executed again. */
const roleFile = '002_service_role.sql';

/** A grant to the service's role, as the files of sql/ write it. */
const grants = new RegExp(`^grant [^;]+ to ${defaultServiceRole};`, 'gm');

/** Returns a schema whose files create, and grant to, another role than the default one. */
export function schemaForRole(schema: Schema, role: string): Schema {
  const file = (one: SqlFile) => ({ ...one, sql: forRole(one.sql, role) });
  return { ...schema, migrations: schema.migrations.map(file), functions: schema.functions.map(file) };
}

function forRole(sql: string, role: string): string {
  if (role === defaultServiceRole) return sql;
  return sql.replace(/'orders_service'|\borders_service\b/g, (found) =>
    found.startsWith("'") ? `'${role}'` : `"${role}"`,
  );
}

/**
 * Gives an existing log to another role: the service's role has all the rights that the files of
 * sql/ grant, and no role that had them before keeps them. Does nothing if the role has them.
 * @param schema the files as they are written, for the default role.
 */
export async function grantToRole(client: pg.ClientBase, schema: Schema, role: string): Promise<void> {
  const { rows } = await client.query<{ grantees: readonly string[] }>(
    `select array(select r.rolname::text
                  from pg_proc p cross join pg_catalog.aclexplode(p.proacl) a join pg_roles r on r.oid = a.grantee
                  where p.proname = 'append_events'
                    and p.pronamespace = pg_catalog.to_regnamespace(pg_catalog.quote_ident(pg_catalog.current_schema()))::oid
                    and a.grantee <> p.proowner) as grantees`,
  );
  const grantees = rows[0]?.grantees ?? [];
  if (grantees.length === 0 || grantees.includes(role)) return;
  const files = [...schema.migrations, ...schema.functions];
  const statements = files.flatMap(({ sql }) => sql.match(grants) ?? []);
  const creating = files.find(({ path }) => path === roleFile);
  if (creating) await client.query(forRole(creating.sql, role));
  for (const statement of statements) await client.query(forRole(statement, role));
  for (const former of grantees) {
    const revoke = (statement: string) =>
      statement.replace('grant ', 'revoke ').replace(/ to orders_service;$/, ' from orders_service;');
    for (const statement of statements) await client.query(forRole(revoke(statement), former));
  }
}
