import type pg from 'pg';

interface SchemaRow {
  // Names of schemas, quoted where SQL needs it.

  /** The schema in which new tables are created. */
  readonly current: string | null;
  /** The schema of the log that the search_path leads to. */
  readonly visible: string | null;
  /** The schemas that hold a log which the role may use. */
  readonly logs: readonly string[];
  /** Whether the connection itself names the search_path, in the URL's options. */
  readonly chosen: boolean;
}

/**
 * Finds the schema of the database's event log, and returns the search_path that leads to it:
 *
 * - the one that the search_path leads to, if it leads to one;
 * - otherwise the only one in the database that the role may use, because a search_path that was
 *   set for the role or the database must not hide the log and begin another one;
 * - otherwise, or if the URL's `options` name a search_path, the schema in which new tables are
 *   created: a new log will be there.
 *
 * The last schema of the search_path is pg_temp, so that no temporary table hides a table of the
 * log. Resolves with undefined if there is no schema.
 * @param role the role that has to be able to read the log; by default its owner.
 */
export async function findSearchPath(client: pg.ClientBase, role?: string): Promise<string | undefined> {
  const schema = await findLogSchema(client, role);
  return schema === null ? undefined : `${schema}, pg_temp`;
}

/**
 * Runs before the session has the search_path of the log, and also as the owner of the log. Every
 * function is qualified: if others may create objects in a schema of the search_path,
 * `quote_ident(name)` of a stranger would fit better than PostgreSQL's own.
 */
const schemaSql = `
  with logs as (
    select pg_catalog.quote_ident(n.nspname) as schema, c.oid, c.relowner
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relname = 'log_settings' and c.relkind in ('r', 'p')
      and exists (select from pg_catalog.pg_class h where h.relnamespace = n.oid and h.relname = 'partition_heads'))
  select pg_catalog.quote_ident(pg_catalog.current_schema()) as current,
         (select schema from logs where oid = pg_catalog.to_regclass('log_settings')::oid) as visible,
         array(select schema from logs
               where case when $1::text is null then pg_catalog.pg_has_role(relowner, 'usage')
                          else pg_catalog.has_table_privilege($1::text, oid, 'select') end
               order by schema) as logs,
         (select source = 'client' from pg_catalog.pg_settings where name = 'search_path') as chosen`;

async function findLogSchema(client: pg.ClientBase, role: string | undefined): Promise<string | null> {
  const { rows } = await client.query<SchemaRow>(schemaSql, [role]);
  const [row] = rows;
  if (!row) throw new Error('PostgreSQL named no schema');
  if (row.visible !== null || row.chosen) return row.visible ?? row.current;
  if (row.logs.length > 1) {
    throw new Error(
      `the schemas ${row.logs.join(' and ')} each hold an event log: name one in DATABASE_URL, ` +
        `as ?options=-c%20search_path%3D${row.logs[0]}`,
    );
  }
  return row.logs[0] ?? row.current;
}
