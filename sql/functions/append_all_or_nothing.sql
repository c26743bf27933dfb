-- append_all_or_nothing runs with its owner's rights. With pg_temp last in its search_path, it
-- never mistakes a caller's temporary table for a table of the log.
-- Built-in functions are qualified, arrays grow by array_append, and the arguments of the log's own
-- functions have exactly their types: an overload that somebody else created in this schema is
-- never the better match. (unnest of several arrays is always PostgreSQL's own.)
select pg_catalog.set_config('search_path', pg_catalog.quote_ident(pg_catalog.current_schema()) || ', pg_temp', false);

-- Appends events to several partitions in one transaction: all of them, or none. This is the fast
-- path for calls in which no command is in conflict. It does not look up orders that are new: the
-- unique index (partition, order_id, version) finds a conflict while the rows are inserted. An
-- event costs three quarters of what it costs in append_to_partitions.
--
-- The arrays have one entry per event, by ascending partition, and by ascending version within an
-- order.
--
-- Promises: all events are appended if each one is its order's next event. An event is in conflict
-- if its version exists, or if the version before it does not exist. If one event is in conflict,
-- nothing is appended, and the caller continues with append_to_partitions, which rejects only the
-- commands in conflict. The promises per partition are those of append_events.
--
-- The call fails as a whole if an order does not belong to its partition, or if a partition is
-- missing or out of order (invalid_parameter_value). It also fails as a whole if the log is not the
-- one that the caller knows; known_heads has one position per partition (lock_partition_heads).
--
-- Locks the partitions' rows in partition_heads until commit (lock_partition_heads). It waits for a
-- lock at most 200 ms and then fails with lock_not_available (55P03), as append_to_partitions does.
--
-- Returns one row per partition, ascending: the position of its last event, the time at which its
-- events were recorded, and their SHA-256 hashes, 32 bytes each, concatenated; unless with_hashes,
-- only the hash of the last event.
-- Returns no row if nothing was appended.
--
-- Index: the unique index (partition, order_id, version) of events.
--
-- Called by: src/event-log/append/append-statements.ts, for a call that carries several partitions.
create or replace function append_all_or_nothing(
  in_partitions smallint[], order_ids uuid[], versions integer[],
  types text[], data text[], metadata text[], occurred_ats timestamptz[], with_hashes boolean,
  in_epoch text default null, known_heads bigint[] default null, max_clock_behind interval default null
) returns table (partition smallint, "position" bigint, recorded_at timestamptz, hashes bytea)
language plpgsql security definer
set search_path from current
set lock_timeout = '200ms'
as $$
declare
  locked partition_heads[];
  moved partition_heads[] := '{}';
  log partition_heads;
  log_hash bytea;
  now_locked timestamptz(3);
  recorded_text text;
  misplaced uuid;
  follow boolean;
  event integer := 1;            -- index of the next event
  offsets bigint[] := '{}';      -- by partition: an event's position minus its index
  recorded_ats timestamptz[] := '{}'; -- by partition
  hashes_of bytea[] := '{}';     -- by partition
  new_hashes bytea[] := '{}';
begin
  locked := lock_partition_heads(in_partitions, in_epoch, known_heads, max_clock_behind);
  now_locked := pg_catalog.date_trunc('milliseconds', pg_catalog.clock_timestamp());

  -- A separate statement, after the locks: it sees everything that was committed before the locks.
  -- Version 1 needs no lookup, nor does an event that follows the previous event of this call. Any
  -- other event must follow its order's last event in the log.
  -- Index: the unique index (partition, order_id, version), read backwards.
  select (pg_catalog.array_agg(c.order_id) filter (where order_partition(c.order_id, s.partitions::integer) <> c.partition))[1],
         pg_catalog.bool_and(case
           when c.version = 1 then true
           when order_ids[c.n - 1] = c.order_id then versions[c.n - 1] = c.version - 1
           else c.version - 1 = (select e.version from events e
                                 where e.partition = c.partition and e.order_id = c.order_id
                                 order by e.version desc limit 1)
         end is true)
  into misplaced, follow
  from unnest(in_partitions, order_ids, versions) with ordinality as c(partition, order_id, version, n)
  cross join log_settings s;
  if misplaced is not null then
    raise exception 'order % does not belong to the partition that was named for it', misplaced
      using errcode = 'invalid_parameter_value';
  end if;
  if not follow then
    return;
  end if;

  foreach log in array locked loop
    partition := log.partition;
    "position" := log.head;
    log_hash := log.hash;
    recorded_at := greatest(now_locked, log.recorded_at);
    recorded_text := canonical_time(recorded_at);
    offsets[partition] := log.head + 1 - event;
    recorded_ats[partition] := recorded_at;
    hashes := case when with_hashes then '' end;
    while in_partitions[event] = partition loop
      "position" := "position" + 1;
      log_hash := pg_catalog.sha256(log_hash || event_canonical_form(partition, "position", order_ids[event], versions[event],
        types[event], canonical_time(occurred_ats[event]::timestamptz(3)), recorded_text,
        data[event], metadata[event]));
      new_hashes := pg_catalog.array_append(new_hashes, log_hash);
      hashes := hashes || log_hash;
      event := event + 1;
    end loop;
    log.head := "position";
    log.hash := log_hash;
    log.recorded_at := recorded_at;
    moved := pg_catalog.array_append(moved, log);
    hashes_of[partition] := coalesce(hashes, log_hash);
  end loop;
  if event <= pg_catalog.cardinality(order_ids) then
    raise exception 'partition % does not exist or is not in ascending order', in_partitions[event]
      using errcode = 'invalid_parameter_value';
  end if;

  begin
    insert into events (partition, "position", order_id, version, type, data, metadata, occurred_at, recorded_at, hash)
    select n.partition, offsets[n.partition] + n.n, n.order_id, n.version, n.type, n.data::json, n.metadata::json,
           n.occurred_at, recorded_ats[n.partition], n.hash
    from unnest(in_partitions, order_ids, versions, types, data, metadata, occurred_ats, new_hashes) with ordinality
      as n(partition, order_id, version, type, data, metadata, occurred_at, hash, n);
  exception when unique_violation then
    return;
  end;
  update partition_heads h set head = m.head, hash = m.hash, recorded_at = m.recorded_at
  from pg_catalog.unnest(moved) as m where h.partition = m.partition;

  foreach log in array moved loop
    partition := log.partition;
    "position" := log.head;
    recorded_at := log.recorded_at;
    hashes := hashes_of[partition];
    return next;
  end loop;
end
$$;

revoke all on function append_all_or_nothing(
  smallint[], uuid[], integer[], text[], text[], text[], timestamptz[], boolean, text, bigint[], interval
) from public;
grant execute on function append_all_or_nothing(
  smallint[], uuid[], integer[], text[], text[], text[], timestamptz[], boolean, text, bigint[], interval
) to orders_service;
