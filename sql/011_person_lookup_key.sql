-- The key of the HMACs in person_keys.lookup. As long as the table has no row, that key is derived
-- from the master key. A rotation of the master key stores it here, wrapped by the new one, since
-- the user ids that the HMACs were made of are stored nowhere.
create table person_lookup_key (
  is_only boolean primary key default true check (is_only),
  -- AES-256-GCM of the key under a key derived from the master key.
  wrapped_key bytea not null
);

revoke all on person_lookup_key from public;
grant select, insert, update on person_lookup_key to orders_service;
