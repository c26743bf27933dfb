-- Bounds of what an append may store. Nobody can correct or remove an event, so the role of the
-- service must not be able to store one that no reader can use:
--
-- - A time before 1970 or after 9999 has no canonical form that every reader computes: each
--   verification of the log would report the event.
-- - A type of several lines could look like other fields in the canonical form, which has one field
--   per line. Two events could then have the same hash.
-- - A text of hundreds of megabytes fits into no reader.
--
-- Not valid: existing events are not checked, which would read all of them.
alter table events
  add constraint events_occurred_at_is_readable
    check (occurred_at >= '1970-01-01 00:00:00+00' and occurred_at < '10000-01-01 00:00:00+00') not valid,
  -- A bound within the pattern would cost PostgreSQL 3 µs per event.
  add constraint events_type_is_a_name
    check (type ~ '^[A-Za-z][A-Za-z0-9]*$' and pg_catalog.length(type) <= 100) not valid,
  -- In bytes. The API accepts bodies of 512 KiB.
  add constraint events_data_fits check (pg_column_size(data) <= 16777216) not valid,
  add constraint events_metadata_fits check (pg_column_size(metadata) <= 16777216) not valid;
