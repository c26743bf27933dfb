-- An append for the common case, in which no command is refused. append_to_partitions asks for each order's version before it appends, and answers a
-- row a command. Here the unique index (partition, order_id, version) finds what is in the way while the rows go in. Where something is, nothing is
-- appended, and the caller goes on with append_to_partitions, which refuses alone what is to be refused. Where nothing is, an event costs three
-- quarters.

-- A time as it stands in the canonical form.
create function canonical_time(at timestamptz) returns text
language sql stable parallel safe as $$
  select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

-- The canonical form of an event whose times are texts already: events that were recorded together share one.
create function event_canonical_form(
  partition smallint, "position" bigint, order_id uuid, version integer, type text,
  occurred_at text, recorded_at text, data text, metadata text
) returns bytea
language sql stable parallel safe as $$
  select convert_to(concat_ws(E'\n', partition, "position", order_id, version, type,
    occurred_at, recorded_at, octet_length(data), data, metadata), 'UTF8')
$$;

-- As it was, see 002.
create or replace function event_canonical_form(
  partition smallint, "position" bigint, order_id uuid, version integer, type text,
  occurred_at timestamptz, recorded_at timestamptz, data text, metadata text
) returns bytea
language sql stable parallel safe as $$
  select event_canonical_form(partition, "position", order_id, version, type,
    canonical_time(occurred_at), canonical_time(recorded_at), data, metadata)
$$;

-- Appends events to several partitions in one transaction, all of them or none. One entry an event, by ascending partition, the events of an order by
-- ascending version. None is appended where one is not its order's next: there is an event of that version, or none of the version before.
--
-- For each partition it keeps what append_events promises, in the same way: its row in logs is locked until commit, so positions have no gaps and
-- become visible in order. Locks the rows in ascending order and waits a short time only, as append_to_partitions does; then it fails with
-- lock_not_available, nothing done.
--
-- Returns a row a partition, ascending: the position of its last event, when its events were recorded, and if with_hashes their SHA-256, 32 bytes
-- each, one after the other. No row at all where nothing was appended.
create function append_all_or_nothing(
  in_partitions smallint[], order_ids uuid[], versions integer[],
  types text[], data text[], metadata text[], occurred_ats timestamptz[], with_hashes boolean
) returns table (partition smallint, "position" bigint, recorded_at timestamptz, hashes bytea)
language plpgsql security definer
set search_path from current
set lock_timeout = '200ms'
as $$
declare
  locked logs[];
  moved logs[] := '{}';
  log logs;
  log_hash bytea;
  now_locked timestamptz(3);
  recorded_text text;
  misplaced uuid;
  follow boolean;
  event integer := 1;            -- index of the next event
  offsets bigint[] := '{}';      -- by partition: an event's position less its index
  recorded_ats timestamptz[] := '{}'; -- by partition
  hashes_of bytea[] := '{}';     -- by partition
  new_hashes bytea[] := '{}';
begin
  locked := array(select l from logs l where l.partition = any (in_partitions) order by l.partition for update);
  now_locked := date_trunc('milliseconds', clock_timestamp());

  -- After the locks, by a statement of its own: it sees what was committed before them. A first event follows nothing, and an event may follow the
  -- one before it in this call. How far another's order is, is served by the unique index (partition, order_id, version), read backwards.
  select (array_agg(c.order_id) filter (where order_partition(c.order_id, s.partitions) <> c.partition))[1],
         bool_and(case
           when c.version = 1 then true
           when order_ids[c.n - 1] = c.order_id then versions[c.n - 1] = c.version - 1
           else c.version - 1 = (select e.version from events e where e.partition = c.partition and e.order_id = c.order_id
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
      log_hash := sha256(log_hash || event_canonical_form(partition, "position", order_ids[event], versions[event], types[event],
        canonical_time(occurred_ats[event]::timestamptz(3)), recorded_text, data[event], metadata[event]));
      new_hashes := new_hashes || log_hash;
      hashes := hashes || log_hash;
      event := event + 1;
    end loop;
    log.head := "position";
    log.hash := log_hash;
    log.recorded_at := recorded_at;
    moved := moved || log;
    hashes_of[partition] := hashes;
  end loop;
  if event <= cardinality(order_ids) then
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
  update logs l set head = m.head, hash = m.hash, recorded_at = m.recorded_at
  from unnest(moved) as m where l.partition = m.partition;

  foreach log in array moved loop
    partition := log.partition;
    "position" := log.head;
    recorded_at := log.recorded_at;
    hashes := hashes_of[partition];
    return next;
  end loop;
end
$$;

revoke all on function append_all_or_nothing(smallint[], uuid[], integer[], text[], text[], text[], timestamptz[], boolean) from public;
grant execute on function append_all_or_nothing(smallint[], uuid[], integer[], text[], text[], text[], timestamptz[], boolean) to orders_service;
