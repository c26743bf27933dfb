-- With pg_temp last in its search_path, start_epoch never mistakes a temporary table for a table of
-- the log.
select pg_catalog.set_config('search_path', pg_catalog.quote_ident(pg_catalog.current_schema()) || ', pg_temp', false);

-- Starts a new epoch of the log. An operator does so after a restore or a failover has lost the end
-- of the log: events after the epoch get positions that lost events once had, and the name of the
-- epoch tells the two apart.
--
-- In one transaction it
--
-- 1. locks the heads of all partitions, so that nothing is appended meanwhile;
-- 2. inserts one row per partition into log_epochs, with the last position before the epoch;
-- 3. writes the name of the epoch into the heads. Appends of processes that know only the earlier
--    epoch are refused from then on;
-- 4. appends the operator event LogEpochStarted, which is the first event of the new epoch.
--
-- Arguments: in_random has 8 hex digits, so that two restores of one backup start epochs with
-- different names. in_actor and in_reason become part of the operator event, and so does in_lost,
-- which describes the lost events (null if they are not known). reset_clock permits that the next
-- event of each partition is recorded at an earlier time than the last one, for a log that was
-- written under a wrong clock.
--
-- Locks the rows of partition_heads until commit, in ascending order, as the append functions do.
-- Each statement names one partition, because a statement that locks rows of a distributed table
-- has to.
-- Index: the primary keys of partition_heads and log_epochs, and the unique index (partition,
-- order_id, version) of events.
--
-- Returns the name of the epoch, such as 2-9f3a01bc.
-- Called by: src/event-log/operators/start-epoch.ts, for `orders recover`, as the owner. The
-- service's role may not execute it. Arguments of the log's own functions have exactly their
-- types, as in append_events.
create or replace function start_epoch(
  in_random text, in_actor text, in_reason text, in_lost json, reset_clock boolean
) returns text
language plpgsql
set search_path from current
as $$
declare
  operator_stream constant uuid := '00000000-0000-8000-8000-6f7065726174';
  heads partition_heads[] := '{}';
  log partition_heads;
  started timestamptz(3);
  new_number integer;
  name text;
  event_partition smallint;
  event_version integer;
begin
  for nth in 0 .. (select s.partitions - 1 from log_settings s) loop
    select h.* into log from partition_heads h where h.partition = nth::smallint for update;
    heads := pg_catalog.array_append(heads, log);
  end loop;
  started := pg_catalog.date_trunc('milliseconds', pg_catalog.clock_timestamp());
  new_number := (select coalesce(pg_catalog.max(l.number), 1) + 1 from log_epochs l);
  name := pg_catalog.format('%s-%s', new_number, in_random);

  foreach log in array heads loop
    insert into log_epochs (partition, number, epoch, start_position, started_at, clock_reset)
    values (log.partition, new_number, name, log.head, started, reset_clock);
    update partition_heads h
    set epoch = name,
        recorded_at = case when reset_clock then least(log.recorded_at, started) else log.recorded_at end
    where h.partition = log.partition;
  end loop;

  event_partition := (select order_partition(operator_stream, s.partitions::integer) from log_settings s);
  event_version := (select pg_catalog.count(*) from events e where e.partition = event_partition and e.order_id = operator_stream);
  perform append_events(
    event_partition, array[operator_stream], array[event_version], array[1], array['LogEpochStarted'],
    array[pg_catalog.json_build_object(
      'epoch', name,
      'previous_epoch', heads[1].epoch,
      'starts_after', (select pg_catalog.json_object_agg(h.partition, h.head) from pg_catalog.unnest(heads) as h),
      'reason', in_reason,
      'lost', in_lost,
      'clock_reset', reset_clock,
      'last_recorded_at', (
        select canonical_time(pg_catalog.max(h.recorded_at::timestamptz)) from pg_catalog.unnest(heads) as h
        where h.head > 0)
    )::text],
    array[pg_catalog.json_build_object('schema', 1, 'actor', in_actor)::text],
    array[started::timestamptz], name, null::bigint, null::interval);
  return name;
end
$$;

revoke all on function start_epoch(text, text, text, json, boolean) from public;
