-- Lets the views of 014 read texts that the log holds and that `->>` refuses: U+0000 and lone
-- surrogates. One such note would make a view unreadable.

-- The JSON with U+FFFD in place of what PostgreSQL cannot decode. Escaped backslashes are written
-- as \u005c first, so that each '\u' that is left begins an escape.
create function analysis_json(value json) returns json language sql immutable as $$
  select case when pg_catalog.strpos(value::pg_catalog.text, '\u') operator(pg_catalog.=) 0 then value
    else pg_catalog.regexp_replace(
      pg_catalog.regexp_replace(value::pg_catalog.text, '\\\\', '\\u005c', 'g'),
      '\\u0000'
        '|\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})'
        '|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}',
      '\\ufffd', 'g')::pg_catalog.json end
$$;
revoke all on function analysis_json(json) from public;

-- Each view reads the events through it. Columns, comments and rights stay as they are.
do $$
declare
  analyst text := 'orders_service' || '_analyst';
  one record;
begin
  for one in select c.relname, pg_get_viewdef(c.oid) as query from pg_class c
             where c.relnamespace = to_regnamespace(quote_ident(current_schema()))
               and c.relkind = 'v' and c.relname like 'analysis\_%'
             order by c.oid loop
    execute format('create or replace view %I as %s', one.relname, regexp_replace(one.query, '\mFROM events\M',
      'from (select partition, "position", order_id, version, type, occurred_at, recorded_at,
               analysis_json(data) as data, analysis_json(metadata) as metadata
             from events) as events', 'g'));
  end loop;
  if exists (select from pg_roles where rolname = analyst) then
    execute format('grant execute on function analysis_json(json) to %I', analyst);
  end if;
end
$$;
