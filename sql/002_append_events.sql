-- The partition of an order: the first four bytes of SHA-256 over the id's 16 bytes, big-endian, modulo the number of
-- partitions. src/orders/values/partition.ts computes the same.
create function order_partition(order_id uuid, partitions integer) returns smallint
language sql immutable strict parallel safe as $$
  select ((get_byte(h, 0) * 16777216::bigint + get_byte(h, 1) * 65536 + get_byte(h, 2) * 256 + get_byte(h, 3)) % partitions)::smallint
  from (select sha256(uuid_send(order_id)) as h) as hashed
$$;

-- The canonical form of an event, as bytes: what its hash covers beside the hash of the event before it.
-- docs/architecture.md spells it out; src/event-log/hash-chain.ts computes the same.
create function event_canonical_form(
  partition smallint, "position" bigint, order_id uuid, version integer, type text,
  occurred_at timestamptz, recorded_at timestamptz, data text, metadata text
) returns bytea
language sql stable parallel safe as $$
  select convert_to(concat_ws(E'\n', partition, "position", order_id, version, type,
    to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    to_char(recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    octet_length(data), data, metadata), 'UTF8')
$$;

-- Appends the events of many commands to one partition, in one transaction.
--
-- A command is an entry of order_ids, expected_versions and event_counts; its events are the next event_counts entries
-- of types, data, metadata and occurred_ats. A command is accepted if its order's stream is at the expected version
-- (0: does not exist yet) and no command before it in this call names the same order; otherwise it is refused, alone.
--
-- Locks the partition's row in logs until commit, so positions have no gaps and become visible in order:
-- a reader that has seen position n has seen everything before it.
--
-- Returns a row a command, in their order: whether it was accepted, the stream's version now, and for an accepted one
-- the position of its last event and when its events were recorded.
--
-- Runs with the owner's rights: the service's own role may execute this function and read, and nothing else.
create function append_events(
  in_partition smallint, order_ids uuid[], expected_versions integer[], event_counts integer[],
  types text[], data text[], metadata text[], occurred_ats timestamptz[]
) returns table (accepted boolean, version integer, "position" bigint, recorded_at timestamptz)
language plpgsql security definer
set search_path from current
as $$
declare
  partitions constant integer := (select s.partitions from log_settings s);
  log logs%rowtype;
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
  select * into log from logs l where l.partition = in_partition for update;
  if not found then
    raise exception 'partition % does not exist', in_partition using errcode = 'invalid_parameter_value';
  end if;
  now_recorded := greatest(date_trunc('milliseconds', clock_timestamp()), log.recorded_at);

  -- Served by the unique index (partition, order_id, version), read backwards for each order.
  current_versions := array(
    select coalesce((select e.version from events e where e.partition = in_partition and e.order_id = c.order_id
                     order by e.version desc limit 1), 0)
    from unnest(order_ids) with ordinality as c(order_id, n) order by c.n);
  named_before := array(
    select w.nth > 1
    from (select c.n, row_number() over (partition by c.order_id order by c.n) as nth
          from unnest(order_ids) with ordinality as c(order_id, n)) as w
    order by w.n);

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
      event := event + event_counts[command];
      return next;
      continue;
    end if;
    for i in 1 .. event_counts[command] loop
      event := event + 1;
      version := version + 1;
      log.head := log.head + 1;
      log.hash := sha256(log.hash || event_canonical_form(in_partition, log.head, order_ids[command], version,
        types[event], occurred_ats[event]::timestamptz(3), now_recorded, data[event], metadata[event]));
      new_positions := new_positions || log.head;
      new_order_ids := new_order_ids || order_ids[command];
      new_versions := new_versions || version;
      new_events := new_events || event;
      new_hashes := new_hashes || log.hash;
    end loop;
    accepted := true;
    "position" := log.head;
    recorded_at := now_recorded;
    return next;
  end loop;

  if cardinality(new_positions) > 0 then
    insert into events (partition, "position", order_id, version, type, data, metadata, occurred_at, recorded_at, hash)
    select in_partition, n."position", n.order_id, n.version, types[n.event], data[n.event]::json,
           metadata[n.event]::json, occurred_ats[n.event], now_recorded, n.hash
    from unnest(new_positions, new_order_ids, new_versions, new_events, new_hashes)
      as n("position", order_id, version, event, hash);
    update logs l set head = log.head, hash = log.hash, recorded_at = now_recorded where l.partition = in_partition;
  end if;
end
$$;
