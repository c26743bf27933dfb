-- Epochs of the log. Positions name events only within one history of the log. When a restore or a
-- failover has lost the end of the log, `orders recover` starts a new epoch: the next events get
-- positions that lost events had, and the epoch tells them apart.

-- One row per partition and epoch, from the second epoch on. Only start_epoch inserts rows.
create table log_epochs (
  partition smallint not null,
  number integer not null check (number > 1),
  -- The number and 8 random hex digits: two restores of one backup start different epochs.
  epoch text not null check (epoch ~ '^[1-9][0-9]*-[0-9a-f]{8}$'),
  -- The head when the epoch started. Up to it, the epochs before have the same events.
  start_position bigint not null check (start_position >= 0),
  started_at timestamptz(3) not null,
  -- Whether the recorded_at of the next event may be earlier than that of the event before it.
  clock_reset boolean not null,
  primary key (partition, number)
);

create trigger log_epochs_append_only before update or delete or truncate on log_epochs
  for each statement execute function refuse_change();
alter table log_epochs enable always trigger log_epochs_append_only;

revoke all on log_epochs from public;
grant select on log_epochs to orders_service;

-- The newest epoch. Each append compares it with the epoch that its process knows.
alter table partition_heads add column epoch text not null default '1';

-- The functions of the same names in sql/functions/ have further parameters, with defaults: they
-- also serve processes of the release before.
drop function if exists append_events(
  smallint, uuid[], integer[], integer[], text[], text[], text[], timestamptz[]);
drop function if exists append_to_partitions(
  smallint[], uuid[], integer[], integer[], text[], text[], text[], timestamptz[]);
drop function if exists append_all_or_nothing(
  smallint[], uuid[], integer[], text[], text[], text[], timestamptz[], boolean);
drop function if exists lock_partition_heads(smallint[]);
