-- API keys: the callers that may use the service, and their scopes. Only the hash of a key is
-- stored; the key itself is shown once, when it is created.
create table api_keys (
  -- The public part of the key, by which operators recognise it.
  id text primary key check (id ~ '^[0-9a-z]{12}$'),
  -- SHA-256 of the whole key. A key has 256 random bits, so a slow hash would add no protection.
  hash bytea not null check (length(hash) = 32),
  name text not null check (length(name) between 1 and 200),
  -- The actor of the events that requests with this key append.
  subject text not null check (length(subject) between 1 and 200),
  scopes text[] not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz
);

-- Counts the changes of api_keys. Every process reads this one row twice a second, and reads the
-- keys again if the count has changed.
create table api_key_changes (
  one boolean primary key default true check (one),
  changes bigint not null default 0
);
insert into api_key_changes default values;

create function count_api_key_change() returns trigger language plpgsql as $$
begin
  update api_key_changes set changes = changes + 1;
  return null;
end $$;
create trigger api_keys_counted after insert or update or delete on api_keys
  for each statement execute function count_api_key_change();

revoke all on api_keys, api_key_changes from public;
grant select, insert, update on api_keys to orders_service;
grant select, update on api_key_changes to orders_service;
