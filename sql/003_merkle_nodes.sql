-- The stored part of the Merkle tree over each partition's log (RFC 6962, section 2.1): the roots
-- of complete subtrees of 256, 256², 256³, … events. Everything between two levels is computed from
-- 256 stored roots, or from the hashes of 256 events.
--
-- Filled after the appends, by the process that needs a root first. Every row follows from the
-- events' hashes, so two processes that fill the same rows write the same values. Verification
-- recomputes them all.
create table merkle_nodes (
  partition smallint not null,
  -- 0: subtrees of 256 events, 1: of 256², …
  level smallint not null check (level >= 0),
  -- 0, 1, 2, …: the subtree over the events at index * 256^(level+1) + 1 to (index+1) *
  -- 256^(level+1).
  index bigint not null check (index >= 0),
  hash bytea not null check (length(hash) = 32),
  primary key (partition, level, index)
);

create trigger merkle_nodes_append_only before update or delete or truncate on merkle_nodes
  for each statement execute function refuse_change();
alter table merkle_nodes enable always trigger merkle_nodes_append_only;

revoke all on merkle_nodes from public;
grant select, insert on merkle_nodes to orders_service;
