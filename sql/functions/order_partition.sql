-- The partition of an order: the first four bytes of SHA-256 over the id's 16 bytes, as a
-- big-endian number, modulo the number of partitions. src/orders/values/partition.ts computes the
-- same.
--
-- One expression without a subquery: the planner then inlines the function into the statement that
-- calls it, and runs no query of its own per order.
--
-- The functions with the owner's rights run it, so every name is qualified and every operator has
-- operands of its own types: no overload in the schema of the log fits better.
--
-- Locks nothing and reads no table.
-- Called by: append_events, append_to_partitions, append_all_or_nothing.
create or replace function order_partition(order_id uuid, partitions integer) returns smallint
language sql immutable strict parallel safe as $$
  select (('x'::text || pg_catalog.left(pg_catalog.encode(pg_catalog.sha256(pg_catalog.uuid_send(order_id)), 'hex'), 8))
    ::bit(32)::bigint % partitions::bigint)::smallint
$$;

grant execute on function order_partition(uuid, integer) to public;
