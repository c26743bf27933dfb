-- A time as it is written in an event's canonical form: UTC, RFC 3339, with milliseconds.
--
-- The planner inlines the function: it is one expression, and "stable" because to_char is.
--
-- Locks nothing and reads no table.
-- Called by: append_events, append_to_partitions, append_all_or_nothing; auditors (docs/audit.md).
create or replace function canonical_time(at timestamptz) returns text
language sql stable parallel safe as $$
  select pg_catalog.to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

grant execute on function canonical_time(timestamptz) to public;
