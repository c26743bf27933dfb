-- Webhooks: subscriptions that deliver events to a URL. Each subscription reads the log with one
-- checkpoint per partition, as a projection does. One transaction moves the checkpoint and inserts
-- the deliveries for the events it moves past.
create table webhooks (
  id uuid primary key,
  url text not null,
  -- Null: events of every type.
  event_types text[],
  -- Signs the deliveries, so it is stored in plain text. After a rotation, the previous secret
  -- signs as well until previous_secret_until.
  secret text not null check (secret like 'whsec\_%'),
  previous_secret text,
  previous_secret_until timestamptz,
  -- paused: the checkpoint does not move and no event is lost.
  -- gone: the receiver responded with 410 Gone and gets no more events.
  state text not null default 'active' check (state in ('active', 'paused', 'gone')),
  created_at timestamptz not null default now(),
  created_by text not null
);

create table webhook_checkpoints (
  partition smallint not null,
  webhook_id uuid not null,
  -- The position of the last event for which deliveries were considered.
  position bigint not null check (position >= 0),
  primary key (partition, webhook_id)
);

-- Deliveries that are pending, and dead letters. A delivery that succeeds is deleted.
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
-- Finds the deliveries that are due.
create index webhook_deliveries_due on webhook_deliveries (webhook_id, partition, next_attempt_at)
  where state = 'pending';
-- Finds an earlier pending delivery of the same order: deliveries are in order per order.
create index webhook_deliveries_order on webhook_deliveries (partition, webhook_id, order_id, position)
  where state = 'pending';
-- Finds the dead letters.
create index webhook_deliveries_dead on webhook_deliveries (webhook_id, partition, position) where state = 'dead';

revoke all on webhooks, webhook_checkpoints, webhook_deliveries from public;
grant select, insert, update, delete on webhooks, webhook_checkpoints, webhook_deliveries to orders_service;
