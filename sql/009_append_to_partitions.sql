-- order_partition as in 002, in one expression: the planner then writes it into the statement that calls it, instead of
-- running a query of its own for each order.
create or replace function order_partition(order_id uuid, partitions integer) returns smallint
language sql immutable strict parallel safe as $$
  select (('x' || left(encode(sha256(uuid_send(order_id)), 'hex'), 8))::bit(32)::bigint % partitions)::smallint
$$;

-- Whether one transaction may append to several partitions. Where the tables are distributed over servers it may not: what
-- distributes them sets this to false, and every call appends to one partition.
alter table log_settings add column append_across_partitions boolean not null default true;

-- Appends the events of many commands to several partitions, in one transaction: what a call and its commit cost is paid
-- once for all of them. For each partition it keeps what append_events promises, in the same way: its row in logs is locked
-- until commit, so positions have no gaps and become visible in order.
--
-- in_partitions, order_ids, expected_versions, event_counts: one entry a command, by ascending partition.
-- types, data, metadata, occurred_ats: one entry an event, the first command's events first.
-- Returns one row a command, in the same order, as append_events does.
--
-- Locks the rows of logs in ascending order, so that two calls never wait for each other in a circle, and waits a short
-- time only: one partition that is held up must not hold up the others. Then it fails with lock_not_available, nothing
-- done, and the caller appends to each partition by itself.
create function append_to_partitions(
  in_partitions smallint[], order_ids uuid[], expected_versions integer[], event_counts integer[],
  types text[], data text[], metadata text[], occurred_ats timestamptz[]
) returns table (accepted boolean, version integer, "position" bigint, recorded_at timestamptz)
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
        event := event + event_counts[command];
      else
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

revoke all on function append_to_partitions(smallint[], uuid[], integer[], integer[], text[], text[], text[], timestamptz[]) from public;
grant execute on function append_to_partitions(smallint[], uuid[], integer[], integer[], text[], text[], text[], timestamptz[]) to orders_service;
