-- The keys that encrypt personal data in the events, one key per person. Destroying a key makes
-- that person's data unreadable for ever; the log and its hashes stay as they are. The keys are
-- stored encrypted: only the running service's master key opens them.
create table person_keys (
  -- The person's name in the events.
  person uuid primary key default gen_random_uuid(),
  -- HMAC of the user_id under a key derived from the master key: finds the person without storing
  -- the user_id. Null once the person is forgotten.
  lookup bytea unique check (length(lookup) = 32),
  -- AES-256-GCM of the person's key under a key derived from the master key. Null once destroyed.
  wrapped_key bytea,
  created_at timestamptz not null default now(),
  forgotten_at timestamptz,
  check ((wrapped_key is null) = (forgotten_at is not null))
);

revoke all on person_keys from public;
grant select, insert, update on person_keys to orders_service;
