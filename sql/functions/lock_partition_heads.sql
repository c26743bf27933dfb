-- Locks the rows of several partitions in partition_heads until commit, and returns them by
-- ascending partition. A partition without a row is missing from the result.
--
-- Every caller locks in this order, so two calls never deadlock. The caller's lock_timeout bounds
-- the wait. Statements that follow in the caller see everything that was committed before the
-- locks.
--
-- append_events locks its single row in a statement of its own: this function would make a call
-- with one event 5 to 9 % slower.
--
-- Index: the primary key of partition_heads.
-- Called by: append_to_partitions, append_all_or_nothing. They run with the owner's rights; no
-- other role may execute this function.
create or replace function lock_partition_heads(in_partitions smallint[]) returns partition_heads[]
language plpgsql as $$
begin
  return array(select h from partition_heads h where h.partition = any (in_partitions) order by h.partition for update);
end
$$;

revoke all on function lock_partition_heads(smallint[]) from public;
