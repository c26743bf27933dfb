-- When API keys were last used. Apart from api_keys, whose every change makes all processes read
-- the keys again.
create table api_key_uses (
  key_id text primary key references api_keys (id) on delete cascade,
  -- Within a minute: processes write their uses from time to time.
  last_used_at timestamptz not null
);

revoke all on api_key_uses from public;
grant select, insert, update on api_key_uses to orders_service;
