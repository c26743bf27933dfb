-- When a signed checkpoint was last taken from the log, so that monitoring shows a forgotten one.
-- The note is no proof of anything: a checkpoint has to be kept outside of this database.
create table checkpoints_taken (
  only_row boolean primary key default true check (only_row),
  taken_at timestamptz not null
);
revoke all on checkpoints_taken from public;
grant select, insert, update on checkpoints_taken to orders_service;
