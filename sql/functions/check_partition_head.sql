-- Refuses an append to a log that is not the one its process knows, or whose clock went back.
--
-- Raises, in this order:
--   OL001  the log is in another epoch than the process
--   OL002  the log ends before an event that the process knows: its end was lost
--   OL003  the clock is further behind the last event's recorded_at than the process allows
-- A parameter that is null is not checked, but the epoch: processes of a release that knows no
-- epochs pass null, and may append in the first epoch only.
--
-- Locks nothing and reads no table: `log` is a locked row of partition_heads.
-- Called by: append_events, lock_partition_heads. No other role may execute this function.
create or replace function check_partition_head(
  log partition_heads, in_epoch text, known_head bigint, max_clock_behind interval
) returns void
language plpgsql as $$
begin
  if log.epoch <> coalesce(in_epoch, '1') then
    raise exception 'the log is in epoch %, this process in epoch %', log.epoch, coalesce(in_epoch, '1')
      using errcode = 'OL001', hint = 'Restart the process.';
  end if;
  if log.head < known_head then
    raise exception 'partition % ends at %, before the known event %', log.partition, log.head, known_head
      using errcode = 'OL002', hint = 'Run `orders recover --dry-run`.';
  end if;
  if log.recorded_at > pg_catalog.clock_timestamp() + max_clock_behind then
    raise exception 'the clock of the database is % behind the last event of partition %',
        pg_catalog.date_trunc('second', log.recorded_at - pg_catalog.clock_timestamp()), log.partition
      using errcode = 'OL003', hint = 'Correct the clock, or run `orders recover --reset-clock`.';
  end if;
end
$$;

revoke all on function check_partition_head(partition_heads, text, bigint, interval) from public;
