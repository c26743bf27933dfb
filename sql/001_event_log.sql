-- The event log: two tables that only ever grow.
-- Every key and every condition begins with the partition, so that the tables can be distributed by it.

-- What this log is, fixed when the database is created.
create table log_settings (
  -- Names the read models that belong to this log, so that those of another log are never taken for its own.
  log_id uuid primary key default gen_random_uuid(),
  partitions smallint not null check (partitions between 1 and 1024),
  created_at timestamptz not null default now()
);

-- One row a partition: where its log ends. Locked by append_events until commit.
create table logs (
  partition smallint primary key,
  head bigint not null default 0 check (head >= 0),
  -- The hash of the event at head; 32 zero bytes before the first.
  hash bytea not null default decode(repeat('00', 32), 'hex') check (length(hash) = 32),
  -- The recorded_at of the event at head: the log's clock never runs backwards.
  recorded_at timestamptz(3) not null default '-infinity'
);

create table events (
  partition smallint not null,
  -- 1, 2, 3, … without a gap, visible in this order.
  position bigint not null check (position > 0),
  order_id uuid not null,
  -- The event's place in its order's stream: 1, 2, 3, …
  version integer not null check (version > 0),
  type text not null,
  -- json and not jsonb: the text is kept byte by byte as it was hashed.
  data json not null,
  metadata json not null,
  occurred_at timestamptz(3) not null,
  recorded_at timestamptz(3) not null,
  hash bytea not null check (length(hash) = 32),
  primary key (partition, position),
  unique (partition, order_id, version)
);

-- Append-only, for everyone: also for the owner, and also with session_replication_role = replica.
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'the event log is append-only: % on % is refused', tg_op, tg_table_name
    using errcode = 'insufficient_privilege',
          hint = 'Correct an order by a further command; history is never edited.';
end
$$;

create trigger events_append_only before update or delete or truncate on events
  for each statement execute function refuse_change();
alter table events enable always trigger events_append_only;

create trigger logs_not_removed before delete or truncate on logs
  for each statement execute function refuse_change();
alter table logs enable always trigger logs_not_removed;

create trigger log_settings_fixed before update or delete or truncate on log_settings
  for each statement execute function refuse_change();
alter table log_settings enable always trigger log_settings_fixed;
