-- The Merkle tree over each partition's log (RFC 6962, section 2.1), as far as it is kept: the roots of complete subtrees
-- of 256, 256², 256³, … events. What lies between is computed from 256 of these, or from the hashes of 256 events.
--
-- Filled behind the appends, by whoever needs it: every row follows from the hashes of the events, so that two who fill
-- it write the same, and verifying recomputes them all.
create table merkle_nodes (
  partition smallint not null,
  -- 0: subtrees of 256 events, 1: of 256², …
  level smallint not null check (level >= 0),
  -- 0, 1, 2, …: the subtree over the events index * 256^(level+1) + 1 to (index + 1) * 256^(level+1).
  index bigint not null check (index >= 0),
  hash bytea not null check (length(hash) = 32),
  primary key (partition, level, index)
);

create trigger merkle_nodes_append_only before update or delete or truncate on merkle_nodes
  for each statement execute function refuse_change();
alter table merkle_nodes enable always trigger merkle_nodes_append_only;

revoke all on merkle_nodes from public;
grant select, insert on merkle_nodes to orders_service;
