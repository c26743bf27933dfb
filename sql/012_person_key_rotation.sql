-- A rotation of the master key replaces person_lookup_key.wrapped_key and sets is_rotating in one
-- step, before it looks at person_keys, and clears it once no key is wrapped by an earlier master
-- key. Meanwhile both master keys are needed. See src/privacy/rotate-master-key.ts.
alter table person_lookup_key add column is_rotating boolean not null default false;
