-- append_to_partitions runs with its owner's rights. With pg_temp last in its search_path, it never
-- mistakes a caller's temporary table for a table of the log.
-- Built-in functions are qualified, arrays grow by array_append, and the arguments of the log's own
-- functions have exactly their types: an overload that somebody else created in this schema is
-- never the better match. (unnest of several arrays is always PostgreSQL's own.)
select pg_catalog.set_config('search_path', pg_catalog.quote_ident(pg_catalog.current_schema()) || ', pg_temp', false);

-- Appends the events of many commands to several partitions, in one transaction: all of them share
-- the cost of one call and one commit.
--
-- in_partitions, order_ids, expected_versions and event_counts have one entry per command, by
-- ascending partition. types, data, metadata and occurred_ats have one entry per event, in the
-- order of the commands.
--
-- Promises: per partition and per command the same as append_events. The call fails as a whole if
-- an order does not belong to its partition, or if a partition is missing or out of order
-- (invalid_parameter_value). It also fails as a whole if the log is not the one that the caller
-- knows; known_heads has one position per partition (lock_partition_heads).
--
-- Locks the partitions' rows in partition_heads until commit (lock_partition_heads). It waits for a
-- lock at most 200 ms: a partition that is locked for longer must not block the others. It then
-- fails with lock_not_available (55P03) and appends nothing, and the caller appends to each
-- partition separately.
--
-- Returns one row per command, in the order of the commands, with the columns of append_events.
--
-- Index: the unique index (partition, order_id, version) of events finds each stream's version.
--
-- Called by: src/event-log/append/append-statements.ts, after append_all_or_nothing appended
-- nothing and for as long as calls keep rejecting commands.
create or replace function append_to_partitions(
  in_partitions smallint[], order_ids uuid[], expected_versions integer[], event_counts integer[],
  types text[], data text[], metadata text[], occurred_ats timestamptz[],
  in_epoch text default null, known_heads bigint[] default null, max_clock_behind interval default null
) returns table (accepted boolean, version integer, "position" bigint, recorded_at timestamptz, hashes bytea)
language plpgsql security definer
set search_path from current
set lock_timeout = '200ms'
as $$
declare
  locked partition_heads[];
  moved partition_heads[] := '{}';
  log partition_heads;
  now_locked timestamptz(3);
  recorded_text text;
  current_versions integer[];
  named_before boolean[];
  misplaced uuid;
  command integer := 1;
  event integer := 0;            -- index of the last event handled
  new_partitions smallint[] := '{}';
  new_positions bigint[] := '{}';
  new_order_ids uuid[] := '{}';
  new_versions integer[] := '{}';
  new_events integer[] := '{}';  -- index into types, data, …
  new_recorded_ats timestamptz[] := '{}';
  new_hashes bytea[] := '{}';
begin
  locked := lock_partition_heads(in_partitions, in_epoch, known_heads, max_clock_behind);
  now_locked := pg_catalog.date_trunc('milliseconds', pg_catalog.clock_timestamp());

  -- A separate statement, after the locks: it sees everything that was committed before the locks.
  -- Index: the unique index (partition, order_id, version), read backwards once per order.
  select pg_catalog.array_agg(coalesce((select e.version from events e where e.partition = c.partition and e.order_id = c.order_id
                             order by e.version desc limit 1), 0) order by c.n),
         pg_catalog.array_agg(c.nth > 1 order by c.n),
         (pg_catalog.array_agg(c.order_id) filter (where order_partition(c.order_id, s.partitions::integer) <> c.partition))[1]
  into current_versions, named_before, misplaced
  from (select c.*, pg_catalog.row_number() over (partition by c.order_id order by c.n) as nth
        from unnest(in_partitions, order_ids) with ordinality as c(partition, order_id, n)) as c
  cross join log_settings s;
  if misplaced is not null then
    raise exception 'order % does not belong to the partition that was named for it', misplaced
      using errcode = 'invalid_parameter_value';
  end if;

  foreach log in array locked loop
    log.recorded_at := greatest(now_locked, log.recorded_at);
    recorded_text := canonical_time(log.recorded_at);
    while in_partitions[command] = log.partition loop
      version := current_versions[command];
      if version <> expected_versions[command] or named_before[command] then
        accepted := false;
        "position" := null;
        recorded_at := null;
        hashes := null;
        event := event + event_counts[command];
      else
        hashes := '';
        for i in 1 .. event_counts[command] loop
          event := event + 1;
          version := version + 1;
          log.head := log.head + 1;
          log.hash := pg_catalog.sha256(log.hash || event_canonical_form(log.partition, log.head, order_ids[command], version,
            types[event], canonical_time(occurred_ats[event]::timestamptz(3)), recorded_text,
            data[event], metadata[event]));
          new_partitions := pg_catalog.array_append(new_partitions, log.partition);
          new_positions := pg_catalog.array_append(new_positions, log.head);
          new_order_ids := pg_catalog.array_append(new_order_ids, order_ids[command]);
          new_versions := pg_catalog.array_append(new_versions, version);
          new_events := pg_catalog.array_append(new_events, event);
          new_recorded_ats := pg_catalog.array_append(new_recorded_ats, log.recorded_at::timestamptz);
          new_hashes := pg_catalog.array_append(new_hashes, log.hash);
          hashes := hashes || log.hash;
        end loop;
        accepted := true;
        "position" := log.head;
        recorded_at := log.recorded_at;
      end if;
      return next;
      command := command + 1;
    end loop;
    moved := pg_catalog.array_append(moved, log);
  end loop;
  if command <= pg_catalog.cardinality(order_ids) then
    raise exception 'partition % does not exist or is not in ascending order', in_partitions[command]
      using errcode = 'invalid_parameter_value';
  end if;

  insert into events (partition, "position", order_id, version, type, data, metadata, occurred_at, recorded_at, hash)
  select n.partition, n."position", n.order_id, n.version, types[n.event], data[n.event]::json,
         metadata[n.event]::json, occurred_ats[n.event], n.recorded_at, n.hash
  from unnest(new_partitions, new_positions, new_order_ids, new_versions, new_events, new_recorded_ats, new_hashes)
    as n(partition, "position", order_id, version, event, recorded_at, hash);
  update partition_heads h set head = m.head, hash = m.hash, recorded_at = m.recorded_at
  from pg_catalog.unnest(moved) as m where h.partition = m.partition and h.head < m.head;
end
$$;

revoke all on function append_to_partitions(
  smallint[], uuid[], integer[], integer[], text[], text[], text[], timestamptz[], text, bigint[], interval
) from public;
grant execute on function append_to_partitions(
  smallint[], uuid[], integer[], integer[], text[], text[], text[], timestamptz[], text, bigint[], interval
) to orders_service;
