-- The event log: two tables that only grow. Every key and every condition begins with the
-- partition, so that the tables can be distributed by it over several servers.

-- The settings of this log, fixed when the database is created.
create table log_settings (
  -- Part of every Redis key of this log's read models, so that two logs never share a key.
  log_id uuid primary key default gen_random_uuid(),
  partitions smallint not null check (partitions between 1 and 1024),
  created_at timestamptz not null default now(),
  -- Whether one transaction may append to several partitions. It may not if the tables are
  -- distributed over several servers. The operator who distributes them sets this to false, with
  -- the trigger log_settings_fixed disabled; every call then appends to one partition.
  append_across_partitions boolean not null default true
);

-- One row per partition: the last event of its log. The append functions lock the row until commit.
create table partition_heads (
  partition smallint primary key,
  -- The position of the last event; 0 if the partition has none.
  head bigint not null default 0 check (head >= 0),
  -- The hash of the last event; 32 zero bytes if the partition has none.
  hash bytea not null default decode(repeat('00', 32), 'hex') check (length(hash) = 32),
  -- The recorded_at of the last event: an append never records an earlier time.
  recorded_at timestamptz(3) not null default '-infinity'
);

create table events (
  partition smallint not null,
  -- 1, 2, 3, … without a gap; events become visible in this order.
  position bigint not null check (position > 0),
  order_id uuid not null,
  -- The event's number in its order's stream: 1, 2, 3, …
  version integer not null check (version > 0),
  type text not null,
  -- json and not jsonb: json keeps the text byte for byte, as it was hashed.
  data json not null,
  metadata json not null,
  -- When it happened in the business.
  occurred_at timestamptz(3) not null,
  -- When the log recorded it; never decreases within a partition.
  recorded_at timestamptz(3) not null,
  -- SHA-256 over the previous event's hash and this event's canonical form (event_canonical_form).
  hash bytea not null check (length(hash) = 32),
  primary key (partition, position),
  unique (partition, order_id, version)
);

-- Makes a table append-only for every role, the owner included. "enable always" keeps the triggers
-- active in sessions with session_replication_role = replica.
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'the event log is append-only: % on % is refused', tg_op, tg_table_name
    using errcode = 'insufficient_privilege',
          hint = 'Correct an order with another command; history is never edited.';
end
$$;

create trigger events_append_only before update or delete or truncate on events
  for each statement execute function refuse_change();
alter table events enable always trigger events_append_only;

create trigger partition_heads_not_removed before delete or truncate on partition_heads
  for each statement execute function refuse_change();
alter table partition_heads enable always trigger partition_heads_not_removed;

create trigger log_settings_fixed before update or delete or truncate on log_settings
  for each statement execute function refuse_change();
alter table log_settings enable always trigger log_settings_fixed;
