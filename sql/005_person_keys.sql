-- The keys under which personal data is sealed in the events, one a person. Destroying a key makes what it sealed unreadable
-- for ever, and leaves the log and its hashes as they are. Only the running service's master key opens what is kept here.
create table person_keys (
  -- Names the person in the events.
  person uuid primary key default gen_random_uuid(),
  -- HMAC of the user_id under a key derived from the master key: finds the person without naming them. Null once forgotten.
  lookup bytea unique check (length(lookup) = 32),
  -- AES-256-GCM of the person's key under a key derived from the master key. Null once destroyed.
  wrapped_key bytea,
  created_at timestamptz not null default now(),
  forgotten_at timestamptz,
  check ((wrapped_key is null) = (forgotten_at is not null))
);

revoke all on person_keys from public;
grant select, insert, update on person_keys to orders_service;
