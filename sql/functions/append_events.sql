-- append_events runs with its owner's rights. With pg_temp last in its search_path, it never
-- mistakes a caller's temporary table for a table of the log.
-- Built-in functions are qualified, arrays grow by array_append, and the arguments of the log's own
-- functions have exactly their types: an overload that somebody else created in this schema is
-- never the better match. (unnest of several arrays is always PostgreSQL's own.)
select pg_catalog.set_config('search_path', pg_catalog.quote_ident(pg_catalog.current_schema()) || ', pg_temp', false);

-- Appends the events of many commands to one partition, in one transaction.
--
-- A command is one entry of order_ids, expected_versions and event_counts. Its events are the next
-- event_counts entries of types, data, metadata and occurred_ats.
--
-- Promises: a command is accepted if its order's stream is at the expected version (0: the order
-- does not exist) and no earlier command of this call names the same order. Any other command is
-- rejected; the rejection affects no other command. The call fails as a whole if the partition does
-- not exist, or if an order does not belong to it (invalid_parameter_value). It also fails as a
-- whole if the log is not the one that the caller knows (check_partition_head).
--
-- Locks the partition's row in partition_heads until commit. Positions therefore have no gaps and
-- become visible in order: a reader that has seen position n has seen every event before n.
--
-- Returns one row per command, in the order of the commands: whether it was accepted, and the
-- stream's version after the call. For an accepted command also the position of its last event, the
-- time at which its events were recorded, and their SHA-256 hashes, 32 bytes each, concatenated.
-- These three are null for a rejected command.
--
-- Index: the unique index (partition, order_id, version) of events finds each stream's version.
--
-- Called by: src/event-log/append/append-statements.ts, for a call that carries one partition.
create or replace function append_events(
  in_partition smallint, order_ids uuid[], expected_versions integer[], event_counts integer[],
  types text[], data text[], metadata text[], occurred_ats timestamptz[],
  in_epoch text default null, known_head bigint default null, max_clock_behind interval default null
) returns table (accepted boolean, version integer, "position" bigint, recorded_at timestamptz, hashes bytea)
language plpgsql security definer
set search_path from current
as $$
declare
  partitions integer;
  is_refused boolean;
  log partition_heads;
  log_head bigint;
  log_hash bytea;
  now_recorded timestamptz(3);
  recorded_text text;
  current_versions integer[];
  named_before boolean[];
  event integer := 0;            -- index of the last event handled
  new_positions bigint[] := '{}';
  new_order_ids uuid[] := '{}';
  new_versions integer[] := '{}';
  new_events integer[] := '{}';  -- index into types, data, …
  new_hashes bytea[] := '{}';
begin
  select h.head, h.hash, h.recorded_at, s.partitions,
         h.epoch <> coalesce(in_epoch, '1') or h.head < known_head
         or h.recorded_at > pg_catalog.clock_timestamp() + max_clock_behind
  into log_head, log_hash, now_recorded, partitions, is_refused
  from partition_heads h cross join log_settings s where h.partition = in_partition for update of h;
  if not found then
    raise exception 'partition % does not exist', in_partition using errcode = 'invalid_parameter_value';
  end if;
  if is_refused then
    -- A variable, because a row of a distributed table has the type of its shard.
    select h.* into log from partition_heads h where h.partition = in_partition;
    perform check_partition_head(log, in_epoch, known_head, max_clock_behind);
  end if;
  -- The statement may have waited for the lock. The clock is read here, so that recorded_at is a
  -- time at which the lock was held.
  now_recorded := greatest(pg_catalog.date_trunc('milliseconds', pg_catalog.clock_timestamp()), now_recorded);
  recorded_text := canonical_time(now_recorded);

  -- A separate statement, after the lock: it sees everything that was committed before the lock.
  -- Index: the unique index (partition, order_id, version), read backwards once per order.
  if pg_catalog.cardinality(order_ids) = 1 then
    current_versions := array[coalesce((select e.version from events e where e.partition = in_partition
                                        and e.order_id = order_ids[1] order by e.version desc limit 1), 0)];
    named_before := array[false];
  else
    current_versions := array(
      select coalesce((select e.version from events e where e.partition = in_partition and e.order_id = c.order_id
                       order by e.version desc limit 1), 0)
      from pg_catalog.unnest(order_ids) with ordinality as c(order_id, n) order by c.n);
    named_before := array(
      select w.nth > 1
      from (select c.n, pg_catalog.row_number() over (partition by c.order_id order by c.n) as nth
            from pg_catalog.unnest(order_ids) with ordinality as c(order_id, n)) as w
      order by w.n);
  end if;

  for command in 1 .. pg_catalog.cardinality(order_ids) loop
    if order_partition(order_ids[command], partitions) <> in_partition then
      raise exception 'order % does not belong to partition %', order_ids[command], in_partition
        using errcode = 'invalid_parameter_value';
    end if;
    version := current_versions[command];
    if version <> expected_versions[command] or named_before[command] then
      accepted := false;
      "position" := null;
      recorded_at := null;
      hashes := null;
      event := event + event_counts[command];
      return next;
      continue;
    end if;
    hashes := '';
    for i in 1 .. event_counts[command] loop
      event := event + 1;
      version := version + 1;
      log_head := log_head + 1;
      log_hash := pg_catalog.sha256(log_hash || event_canonical_form(in_partition, log_head, order_ids[command], version,
        types[event], canonical_time(occurred_ats[event]::timestamptz(3)), recorded_text,
        data[event], metadata[event]));
      new_positions := pg_catalog.array_append(new_positions, log_head);
      new_order_ids := pg_catalog.array_append(new_order_ids, order_ids[command]);
      new_versions := pg_catalog.array_append(new_versions, version);
      new_events := pg_catalog.array_append(new_events, event);
      new_hashes := pg_catalog.array_append(new_hashes, log_hash);
      hashes := hashes || log_hash;
    end loop;
    accepted := true;
    "position" := log_head;
    recorded_at := now_recorded;
    return next;
  end loop;

  if pg_catalog.cardinality(new_positions) = 1 then
    insert into events (partition, "position", order_id, version, type, data, metadata, occurred_at, recorded_at, hash)
    values (in_partition, log_head, new_order_ids[1], new_versions[1], types[new_events[1]], data[new_events[1]]::json,
            metadata[new_events[1]]::json, occurred_ats[new_events[1]], now_recorded, log_hash);
  elsif pg_catalog.cardinality(new_positions) > 1 then
    insert into events (partition, "position", order_id, version, type, data, metadata, occurred_at, recorded_at, hash)
    select in_partition, n."position", n.order_id, n.version, types[n.event], data[n.event]::json,
           metadata[n.event]::json, occurred_ats[n.event], now_recorded, n.hash
    from unnest(new_positions, new_order_ids, new_versions, new_events, new_hashes)
      as n("position", order_id, version, event, hash);
  end if;
  if pg_catalog.cardinality(new_positions) > 0 then
    update partition_heads h set head = log_head, hash = log_hash, recorded_at = now_recorded
    where h.partition = in_partition;
  end if;
end
$$;

revoke all on function append_events(
  smallint, uuid[], integer[], integer[], text[], text[], text[], timestamptz[],
  text, bigint, interval
) from public;
grant execute on function append_events(
  smallint, uuid[], integer[], integer[], text[], text[], text[], timestamptz[],
  text, bigint, interval
) to orders_service;
