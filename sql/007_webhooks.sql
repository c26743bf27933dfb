-- Webhooks: addresses to which events are delivered. A consumer of the log with a checkpoint of its own for every subscription
-- and partition, as a projection has: what is to be delivered is written down in the same transaction that moves the checkpoint.
create table webhooks (
  id uuid primary key,
  url text not null,
  -- Null: events of every type.
  event_types text[],
  -- What deliveries are signed with: needed in the clear to sign. After a rotation the one before signs along for a time.
  secret text not null check (secret like 'whsec\_%'),
  previous_secret text,
  previous_secret_until timestamptz,
  -- paused: the checkpoint stands still, nothing is lost. gone: the receiver wants nothing any more.
  state text not null default 'active' check (state in ('active', 'paused', 'gone')),
  created_at timestamptz not null default now(),
  created_by text not null
);

create table webhook_checkpoints (
  partition smallint not null,
  webhook_id uuid not null,
  -- Up to here the partition's events have been looked at.
  position bigint not null check (position >= 0),
  primary key (partition, webhook_id)
);

-- What is still to be delivered, and what could not be. What was delivered is removed.
create table webhook_deliveries (
  partition smallint not null,
  webhook_id uuid not null,
  position bigint not null,
  order_id uuid not null,
  type text not null,
  state text not null default 'pending' check (state in ('pending', 'dead')),
  attempts integer not null default 0,
  first_attempt_at timestamptz,
  last_attempt_at timestamptz,
  next_attempt_at timestamptz not null default now(),
  last_error text,
  primary key (partition, webhook_id, position)
);
-- What is due.
create index webhook_deliveries_due on webhook_deliveries (webhook_id, partition, next_attempt_at) where state = 'pending';
-- Whether an order has an earlier one: deliveries are in order per order.
create index webhook_deliveries_order on webhook_deliveries (partition, webhook_id, order_id, position) where state = 'pending';
create index webhook_deliveries_dead on webhook_deliveries (webhook_id, partition, position) where state = 'dead';

revoke all on webhooks, webhook_checkpoints, webhook_deliveries from public;
grant select, insert, update, delete on webhooks, webhook_checkpoints, webhook_deliveries to orders_service;
