-- The content of each file that was imported without a key column. There the number of a line
-- identifies its order, so a file that has changed since must not be imported under the same name.
create table imported_files (
  -- The name of the data, as in `orders import --source`.
  source text primary key check (length(source) between 1 and 150),
  bytes bigint not null check (bytes >= 0),
  -- SHA-256 of the whole file, in hex.
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  begun_at timestamptz not null default now()
);

revoke all on imported_files from public;
grant select, insert, update on imported_files to orders_service;
