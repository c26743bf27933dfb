-- The canonical form of an event, as bytes. The event's hash is SHA-256 over the hash of the event
-- before it in the partition, followed by this form. docs/audit.md specifies it with an example;
-- src/event-log/hash-chain.ts computes the same.
--
-- The times are texts of canonical_time: events that are recorded together share one such text.
--
-- Locks nothing and reads no table.
-- Called by: append_events, append_to_partitions, append_all_or_nothing; auditors (docs/audit.md).
create or replace function event_canonical_form(
  partition smallint, "position" bigint, order_id uuid, version integer, type text,
  occurred_at text, recorded_at text, data text, metadata text
) returns bytea
language sql stable parallel safe as $$
  select pg_catalog.convert_to(pg_catalog.concat_ws(E'\n', partition, "position", order_id, version, type,
    occurred_at, recorded_at, pg_catalog.octet_length(data), data, metadata), 'UTF8')
$$;

grant execute on function event_canonical_form(smallint, bigint, uuid, integer, text, text, text, text, text) to public;
