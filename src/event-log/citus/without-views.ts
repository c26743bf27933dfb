import type pg from 'pg';

interface View {
  readonly name: string;
  readonly create: string;
  /** Its comments and grants. */
  readonly further: readonly string[];
}

// The views of the schema of the log, those of extensions left out, in the order of their creation.
const viewsSql = `
  select v.name, pg_catalog.format('create view %s %s as %s', v.name, 'with (' || pg_catalog.array_to_string(v.reloptions, ', ') || ')',
                        pg_catalog.pg_get_viewdef(v.oid)) as create,
         array(
           select pg_catalog.format('comment on %s is %L',
                         coalesce('column ' || v.name || '.' || pg_catalog.quote_ident(a.attname), 'view ' || v.name), d.description)
           from pg_description d left join pg_attribute a on a.attrelid = v.oid and a.attnum = d.objsubid and a.attnum > 0
           where d.objoid = v.oid and d.classoid = 'pg_class'::regclass::oid
         ) || array(
           select pg_catalog.format('grant %s on %s to %s', g.privilege_type, v.name,
                         case g.grantee when 0 then 'public' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(g.grantee)) end)
           from pg_catalog.aclexplode(v.relacl) g where g.grantee <> v.relowner
         ) as further
  from (select c.*, c.oid::regclass::text as name from pg_class c) v
  where v.relkind = 'v' and v.relnamespace = pg_catalog.to_regnamespace(pg_catalog.quote_ident(pg_catalog.current_schema()))::oid
    and not exists (select from pg_depend d where d.objid = v.oid and d.deptype = 'e')
  order by v.oid`;

/**
 * Runs a task while the views of the log do not exist, in the caller's transaction. Citus creates
 * the views of a table on its workers when it distributes the table; those that use functions of
 * the coordinator would fail there.
 */
export async function withoutViews(client: pg.ClientBase, task: () => Promise<void>): Promise<void> {
  const { rows: views } = await client.query<View>(viewsSql);
  if (views.length > 0) await client.query(`drop view ${views.map(({ name }) => name).join(', ')}`);
  await task();
  await client.query('set local citus.enable_ddl_propagation = off');
  for (const { create, further } of views) for (const statement of [create, ...further]) await client.query(statement);
  await client.query('set local citus.enable_ddl_propagation = on');
}
