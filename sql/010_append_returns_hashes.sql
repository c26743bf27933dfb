-- append_events and append_to_partitions as in 008 and 009, with one more column in what they return: the hashes of the events
-- that were appended. By them a process can show its own projectors what it has just appended without reading it back: an
-- event that hashes to what the log says is the very event that the log holds. Whoever calls them from the version before names
-- its columns, and goes on.
--
-- hashes: the SHA-256 of each event of the command, 32 bytes each, one after the other; null where it was refused.
drop function append_events(smallint, uuid[], integer[], integer[], text[], text[], text[], timestamptz[]);
create function append_events(
  in_partition smallint, order_ids uuid[], expected_versions integer[], event_counts integer[],
  types text[], data text[], metadata text[], occurred_ats timestamptz[]
) returns table (accepted boolean, version integer, "position" bigint, recorded_at timestamptz, hashes bytea)
language plpgsql security definer
set search_path from current
as $$
declare
  partitions integer;
  log_head bigint;
  log_hash bytea;
  now_recorded timestamptz(3);
  current_versions integer[];
  named_before boolean[];
  event integer := 0;            -- index of the last event seen
  new_positions bigint[] := '{}';
  new_order_ids uuid[] := '{}';
  new_versions integer[] := '{}';
  new_events integer[] := '{}';  -- index into types, data, …
  new_hashes bytea[] := '{}';
begin
  select l.head, l.hash, greatest(date_trunc('milliseconds', clock_timestamp()), l.recorded_at), s.partitions
  into log_head, log_hash, now_recorded, partitions
  from logs l cross join log_settings s where l.partition = in_partition for update of l;
  if not found then
    raise exception 'partition % does not exist', in_partition using errcode = 'invalid_parameter_value';
  end if;
  -- The lock may have been waited for: the clock is read once more, so that recorded_at is when it was held.
  now_recorded := greatest(date_trunc('milliseconds', clock_timestamp()), now_recorded);

  -- Served by the unique index (partition, order_id, version), read backwards for each order.
  if cardinality(order_ids) = 1 then
    current_versions := array[coalesce((select e.version from events e where e.partition = in_partition
                                        and e.order_id = order_ids[1] order by e.version desc limit 1), 0)];
    named_before := array[false];
  else
    current_versions := array(
      select coalesce((select e.version from events e where e.partition = in_partition and e.order_id = c.order_id
                       order by e.version desc limit 1), 0)
      from unnest(order_ids) with ordinality as c(order_id, n) order by c.n);
    named_before := array(
      select w.nth > 1
      from (select c.n, row_number() over (partition by c.order_id order by c.n) as nth
            from unnest(order_ids) with ordinality as c(order_id, n)) as w
      order by w.n);
  end if;

  for command in 1 .. cardinality(order_ids) loop
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
      log_hash := sha256(log_hash || event_canonical_form(in_partition, log_head, order_ids[command], version,
        types[event], occurred_ats[event]::timestamptz(3), now_recorded, data[event], metadata[event]));
      new_positions := new_positions || log_head;
      new_order_ids := new_order_ids || order_ids[command];
      new_versions := new_versions || version;
      new_events := new_events || event;
      new_hashes := new_hashes || log_hash;
      hashes := hashes || log_hash;
    end loop;
    accepted := true;
    "position" := log_head;
    recorded_at := now_recorded;
    return next;
  end loop;

  if cardinality(new_positions) = 1 then
    insert into events (partition, "position", order_id, version, type, data, metadata, occurred_at, recorded_at, hash)
    values (in_partition, log_head, new_order_ids[1], new_versions[1], types[new_events[1]], data[new_events[1]]::json,
            metadata[new_events[1]]::json, occurred_ats[new_events[1]], now_recorded, log_hash);
  elsif cardinality(new_positions) > 1 then
    insert into events (partition, "position", order_id, version, type, data, metadata, occurred_at, recorded_at, hash)
    select in_partition, n."position", n.order_id, n.version, types[n.event], data[n.event]::json,
           metadata[n.event]::json, occurred_ats[n.event], now_recorded, n.hash
    from unnest(new_positions, new_order_ids, new_versions, new_events, new_hashes)
      as n("position", order_id, version, event, hash);
  end if;
  if cardinality(new_positions) > 0 then
    update logs l set head = log_head, hash = log_hash, recorded_at = now_recorded where l.partition = in_partition;
  end if;
end
$$;

drop function append_to_partitions(smallint[], uuid[], integer[], integer[], text[], text[], text[], timestamptz[]);
create function append_to_partitions(
  in_partitions smallint[], order_ids uuid[], expected_versions integer[], event_counts integer[],
  types text[], data text[], metadata text[], occurred_ats timestamptz[]
) returns table (accepted boolean, version integer, "position" bigint, recorded_at timestamptz, hashes bytea)
language plpgsql security definer
set search_path from current
set lock_timeout = '200ms'
as $$
declare
  locked logs[];
  moved logs[] := '{}';
  log logs;
  now_locked timestamptz(3);
  current_versions integer[];
  named_before boolean[];
  misplaced uuid;
  command integer := 1;
  event integer := 0;            -- index of the last event seen
  new_partitions smallint[] := '{}';
  new_positions bigint[] := '{}';
  new_order_ids uuid[] := '{}';
  new_versions integer[] := '{}';
  new_events integer[] := '{}';  -- index into types, data, …
  new_recorded_ats timestamptz[] := '{}';
  new_hashes bytea[] := '{}';
begin
  select array_agg(l) into locked
  from (select * from logs l where l.partition = any (in_partitions) order by l.partition for update) as l;
  now_locked := date_trunc('milliseconds', clock_timestamp());

  -- After the locks, by a statement of its own: it sees what was committed before them.
  -- Served by the unique index (partition, order_id, version), read backwards for each order.
  select array_agg(coalesce((select e.version from events e where e.partition = c.partition and e.order_id = c.order_id
                             order by e.version desc limit 1), 0) order by c.n),
         array_agg(c.nth > 1 order by c.n),
         (array_agg(c.order_id) filter (where order_partition(c.order_id, s.partitions) <> c.partition))[1]
  into current_versions, named_before, misplaced
  from (select c.*, row_number() over (partition by c.order_id order by c.n) as nth
        from unnest(in_partitions, order_ids) with ordinality as c(partition, order_id, n)) as c
  cross join log_settings s;
  if misplaced is not null then
    raise exception 'order % does not belong to the partition that was named for it', misplaced
      using errcode = 'invalid_parameter_value';
  end if;

  foreach log in array coalesce(locked, '{}') loop
    log.recorded_at := greatest(now_locked, log.recorded_at);
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
          log.hash := sha256(log.hash || event_canonical_form(log.partition, log.head, order_ids[command], version,
            types[event], occurred_ats[event]::timestamptz(3), log.recorded_at, data[event], metadata[event]));
          new_partitions := new_partitions || log.partition;
          new_positions := new_positions || log.head;
          new_order_ids := new_order_ids || order_ids[command];
          new_versions := new_versions || version;
          new_events := new_events || event;
          new_recorded_ats := new_recorded_ats || log.recorded_at::timestamptz;
          new_hashes := new_hashes || log.hash;
          hashes := hashes || log.hash;
        end loop;
        accepted := true;
        "position" := log.head;
        recorded_at := log.recorded_at;
      end if;
      return next;
      command := command + 1;
    end loop;
    moved := moved || log;
  end loop;
  if command <= cardinality(order_ids) then
    raise exception 'partition % does not exist or is not in ascending order', in_partitions[command]
      using errcode = 'invalid_parameter_value';
  end if;

  insert into events (partition, "position", order_id, version, type, data, metadata, occurred_at, recorded_at, hash)
  select n.partition, n."position", n.order_id, n.version, types[n.event], data[n.event]::json,
         metadata[n.event]::json, occurred_ats[n.event], n.recorded_at, n.hash
  from unnest(new_partitions, new_positions, new_order_ids, new_versions, new_events, new_recorded_ats, new_hashes)
    as n(partition, "position", order_id, version, event, recorded_at, hash);
  update logs l set head = m.head, hash = m.hash, recorded_at = m.recorded_at
  from unnest(moved) as m where l.partition = m.partition and l.head < m.head;
end
$$;

revoke all on function append_events(smallint, uuid[], integer[], integer[], text[], text[], text[], timestamptz[]) from public;
grant execute on function append_events(smallint, uuid[], integer[], integer[], text[], text[], text[], timestamptz[]) to orders_service;
revoke all on function append_to_partitions(smallint[], uuid[], integer[], integer[], text[], text[], text[], timestamptz[]) from public;
grant execute on function append_to_partitions(smallint[], uuid[], integer[], integer[], text[], text[], text[], timestamptz[]) to orders_service;
