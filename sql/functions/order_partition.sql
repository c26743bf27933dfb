-- The partition of an order: the first four bytes of SHA-256 over the id's 16 bytes, as a
-- big-endian number, modulo the number of partitions. src/orders/values/partition.ts computes the
-- same.
--
-- One expression without a subquery: the planner then inlines the function into the statement that
-- calls it, and runs no query of its own per order.
--
-- Locks nothing and reads no table.
-- Called by: append_events, append_to_partitions, append_all_or_nothing.
create or replace function order_partition(order_id uuid, partitions integer) returns smallint
language sql immutable strict parallel safe as $$
  select (('x' || left(encode(sha256(uuid_send(order_id)), 'hex'), 8))::bit(32)::bigint % partitions)::smallint
$$;

grant execute on function order_partition(uuid, integer) to public;
