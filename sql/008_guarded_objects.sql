-- Checks each row of merkle_nodes against the events or the level below, for every role: a wrong
-- row could not be corrected or removed, and every later root would be wrong.
--
-- Locks nothing. Reads 256 rows through the primary key of events or of merkle_nodes, and computes
-- 255 hashes: about a millisecond per 256 events, once.
-- Called by: the trigger merkle_nodes_checked.
create function check_merkle_node() returns trigger language plpgsql as $$
declare
  nodes bytea[];
begin
  if new.level = 0 then
    nodes := array(
      select pg_catalog.sha256('\x00'::bytea || e.hash) from events e
      where e.partition = new.partition
        and e."position" between new.index * 256 + 1 and (new.index + 1) * 256
      order by e."position");
  else
    nodes := array(
      select n.hash from merkle_nodes n
      where n.partition = new.partition and n.level = (new.level - 1)::smallint
        and n.index between new.index * 256 and new.index * 256 + 255
      order by n.index);
  end if;
  if pg_catalog.cardinality(nodes) <> 256 then
    raise exception 'the subtree % of level % in partition % is not complete', new.index, new.level, new.partition
      using errcode = 'check_violation';
  end if;
  while pg_catalog.cardinality(nodes) > 1 loop
    nodes := array(
      select pg_catalog.sha256('\x01'::bytea || nodes[2 * i - 1] || nodes[2 * i])
      from pg_catalog.generate_series(1, pg_catalog.cardinality(nodes) / 2) as i order by i);
  end loop;
  if nodes[1] <> new.hash then
    raise exception 'the hash of subtree % of level % in partition % is wrong', new.index, new.level, new.partition
      using errcode = 'check_violation';
  end if;
  return new;
end
$$;

create trigger merkle_nodes_checked before insert on merkle_nodes
  for each row execute function check_merkle_node();
alter table merkle_nodes enable always trigger merkle_nodes_checked;

do $$
begin
  -- A temporary table of the same name would otherwise take the place of these tables.
  execute format('alter function check_merkle_node() set search_path = %I, pg_temp', current_schema());
  execute format('alter function count_api_key_change() set search_path = %I, pg_temp', current_schema());
  -- Only the owner of the log creates objects beside it. PostgreSQL 14 lets every role create them
  -- in the schema public. A user who may not revoke this is told so at each start (migrate.ts).
  begin
    execute format('revoke create on schema %I from public', current_schema());
  exception when insufficient_privilege then
    null;
  end;
end
$$;
