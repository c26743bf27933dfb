-- Locks the rows of several partitions in partition_heads until commit, and returns them by
-- ascending partition. A partition without a row is missing from the result.
--
-- Every caller locks in this order, so two calls never deadlock. The caller's lock_timeout bounds
-- the wait. Statements that follow in the caller see everything that was committed before the
-- locks.
--
-- known_heads has one position per partition, ascending; check_partition_head says what is refused.
--
-- append_events locks its single row in a statement of its own: this function would make a call
-- with one event 5 to 9 % slower.
--
-- Index: the primary key of partition_heads.
-- Called by: append_to_partitions, append_all_or_nothing. They run with the owner's rights; no
-- other role may execute this function.
create or replace function lock_partition_heads(
  in_partitions smallint[], in_epoch text, known_heads bigint[], max_clock_behind interval
) returns partition_heads[]
language plpgsql as $$
declare
  locked partition_heads[];
  log partition_heads;
  nth integer := 0;
  latest timestamptz;
begin
  locked := array(
    select h from partition_heads h where h.partition = any (in_partitions) order by h.partition for update);
  latest := pg_catalog.clock_timestamp() + max_clock_behind;
  foreach log in array locked loop
    nth := nth + 1;
    -- The same conditions as in check_partition_head, which raises the error.
    if log.epoch <> coalesce(in_epoch, '1') or log.head < known_heads[nth] or log.recorded_at > latest then
      perform check_partition_head(log, in_epoch, known_heads[nth], max_clock_behind);
    end if;
  end loop;
  return locked;
end
$$;

revoke all on function lock_partition_heads(smallint[], text, bigint[], interval) from public;
