-- Whether one transaction may append to several partitions. It may not if the tables are
-- distributed over several servers. The operator who distributes them sets this to false, with the
-- trigger log_settings_fixed disabled; every call then appends to one partition.
alter table log_settings add column append_across_partitions boolean not null default true;
