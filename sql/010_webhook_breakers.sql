-- Circuit breakers of webhooks: src/webhooks/circuit-breaker.ts describes their states.
alter table webhooks
  -- When the breaker opened for the first time since the last successful delivery.
  add column failing_since timestamptz,
  -- Until then nothing is sent to the webhook. Null: the breaker is closed.
  add column open_until timestamptz,
  -- How often the breaker opened since the last successful delivery.
  add column breaker_trips integer not null default 0,
  -- The error of the attempt that opened the breaker, or that disabled the webhook.
  add column last_error text;

-- disabled: its receiver failed for days. As for paused, the checkpoint does not move.
alter table webhooks drop constraint webhooks_state_check;
alter table webhooks add constraint webhooks_state_check check (state in ('active', 'paused', 'gone', 'disabled'));
