-- Views for analysts, and the role that may read them. They show every event of every order with
-- one typed column per field, and the sums of each order. They show no personal data, sealed or
-- not: no user ids, metadata of orders, tracking numbers, texts of notes or actors. A customer
-- appears as a pseudonym. docs/analysis.md describes the views. Amounts are in minor units of the
-- order's currency.
--
-- The views read with the rights of their owner, so that the role needs no right on the tables. An
-- event type or a field of a later release is added by a later file.

-- The sum of the quantities of an event's lines; null if the event names no lines.
create function analysis_units(items json) returns bigint language sql immutable as $$
  select case when pg_catalog.json_typeof(items) operator(pg_catalog.=) 'array' then
    (select coalesce(pg_catalog.sum((line operator(pg_catalog.->>) 'quantity')::pg_catalog.int8), 0)
     from pg_catalog.json_array_elements(items) as line)::pg_catalog.int8 end
$$;

-- The pseudonym of an order's customer is the id of the key that seals their data. If their data is
-- not sealed, it is made from the user id and this secret.
create table analysis_pseudonyms (
  only_row boolean primary key default true check (only_row),
  secret uuid not null default gen_random_uuid()
);
insert into analysis_pseudonyms default values;
revoke all on analysis_pseudonyms from public;

create view analysis_order_placed as select
  partition, position, order_id, version, occurred_at, recorded_at,
  coalesce((metadata ->> 'person')::uuid,
           substr(encode(sha256(convert_to((select secret::text from analysis_pseudonyms) || (data ->> 'user_id'), 'UTF8')), 'hex'), 1, 32)::uuid) as person,
  data ->> 'currency' as currency,
  (data ->> 'total_minor')::bigint as total_minor,
  data ->> 'reference' as reference,
  data -> 'items' as items,
  data -> 'adjustments' as adjustments
from events where type = 'OrderPlaced';
comment on view analysis_order_placed is 'An order was placed.';
comment on column analysis_order_placed.person is 'Pseudonym of the customer. The same customer has the same one.';
comment on column analysis_order_placed.currency is 'ISO 4217.';
comment on column analysis_order_placed.total_minor is 'Total, in minor units of the currency.';
comment on column analysis_order_placed.reference is 'The number that the shop gives the order.';
comment on column analysis_order_placed.items is 'Ordered lines; analysis_order_lines has them as rows.';
comment on column analysis_order_placed.adjustments is 'Shipping, tax, discounts and the like; null: none.';

create view analysis_order_amended as select
  partition, position, order_id, version, occurred_at, recorded_at,
  (data ->> 'total_minor')::bigint as total_minor,
  data ->> 'reference' as reference,
  data -> 'items' as items,
  data -> 'adjustments' as adjustments,
  data ->> 'reason' as reason
from events where type = 'OrderAmended';
comment on view analysis_order_amended is 'Lines, money, the reference or metadata were changed.';
comment on column analysis_order_amended.total_minor is 'New total; null: the money stays as it was.';
comment on column analysis_order_amended.reference is 'New reference; null: it stays.';
comment on column analysis_order_amended.items is 'All lines from now on; null: they stay.';
comment on column analysis_order_amended.adjustments is 'All adjustments from now on, if total_minor is not null.';

create view analysis_order_paid as select
  partition, position, order_id, version, occurred_at, recorded_at,
  (data ->> 'amount_minor')::bigint as amount_minor,
  data ->> 'payment_reference' as payment_reference,
  coalesce((data ->> 'already_received')::boolean, false) as already_received
from events where type = 'OrderPaid';
comment on view analysis_order_paid is 'Money arrived.';
comment on column analysis_order_paid.amount_minor is 'In minor units of the currency of the order.';
comment on column analysis_order_paid.payment_reference is 'The name of the payment elsewhere.';
comment on column analysis_order_paid.already_received is 'It was recorded whatever was due.';

create view analysis_order_processing_started as select
  partition, position, order_id, version, occurred_at, recorded_at
from events where type = 'OrderProcessingStarted';
comment on view analysis_order_processing_started is 'Somebody began to work on the order.';

create view analysis_order_shipped as select
  partition, position, order_id, version, occurred_at, recorded_at,
  data ->> 'shipment_id' as shipment_id,
  data ->> 'carrier' as carrier,
  analysis_units(data -> 'items') as units,
  data -> 'items' as items
from events where type = 'OrderShipped';
comment on view analysis_order_shipped is 'Units were handed to a carrier.';
comment on column analysis_order_shipped.shipment_id is 'Null in events of schema version 1: there the n-th event is shipment n.';
comment on column analysis_order_shipped.units is 'Sum of the quantities.';
comment on column analysis_order_shipped.items is 'Units by line.';

create view analysis_order_shipment_tracked as select
  partition, position, order_id, version, occurred_at, recorded_at,
  data ->> 'shipment_id' as shipment_id,
  data ->> 'carrier' as carrier
from events where type = 'OrderShipmentTracked';
comment on view analysis_order_shipment_tracked is 'The carrier or the tracking number of a shipment was corrected.';
comment on column analysis_order_shipment_tracked.carrier is 'Null: it stays.';

create view analysis_order_delivered as select
  partition, position, order_id, version, occurred_at, recorded_at,
  data ->> 'shipment_id' as shipment_id,
  analysis_units(data -> 'items') as units,
  data -> 'items' as items
from events where type = 'OrderDelivered';
comment on view analysis_order_delivered is 'Units arrived.';
comment on column analysis_order_delivered.shipment_id is 'Null: the units are of the oldest shipments.';
comment on column analysis_order_delivered.units is 'Sum of the quantities; null: everything in transit.';
comment on column analysis_order_delivered.items is 'Units by line; null: everything in transit.';

create view analysis_order_cancelled as select
  partition, position, order_id, version, occurred_at, recorded_at,
  (data ->> 'amount_minor')::bigint as amount_minor,
  analysis_units(data -> 'items') as units,
  data -> 'items' as items,
  data ->> 'reason' as reason
from events where type = 'OrderCancelled';
comment on view analysis_order_cancelled is 'Units were cancelled.';
comment on column analysis_order_cancelled.amount_minor is 'Amount that came off the total; null in schema version 1: all that the order was worth.';
comment on column analysis_order_cancelled.units is 'Sum of the quantities; null: all that had not shipped.';
comment on column analysis_order_cancelled.items is 'Units by line; null: all that had not shipped.';

create view analysis_order_refunded as select
  partition, position, order_id, version, occurred_at, recorded_at,
  (data ->> 'amount_minor')::bigint as amount_minor,
  (data ->> case when (metadata ->> 'schema')::int = 1 then 'amount_minor' else 'credited_minor' end)::bigint as credited_minor,
  data ->> 'reason' as reason
from events where type = 'OrderRefunded';
comment on view analysis_order_refunded is 'Money was given back.';
comment on column analysis_order_refunded.amount_minor is 'In minor units of the currency of the order.';
comment on column analysis_order_refunded.credited_minor is 'The part by which the order is worth less.';

create view analysis_order_credited as select
  partition, position, order_id, version, occurred_at, recorded_at,
  (data ->> 'amount_minor')::bigint as amount_minor,
  data ->> 'reason' as reason
from events where type = 'OrderCredited';
comment on view analysis_order_credited is 'The order became worth less, and no money moved.';
comment on column analysis_order_credited.amount_minor is 'In minor units of the currency of the order.';

create view analysis_order_returned as select
  partition, position, order_id, version, occurred_at, recorded_at,
  data ->> 'shipment_id' as shipment_id,
  analysis_units(data -> 'items') as units,
  data -> 'items' as items,
  coalesce((data ->> 'ship_again')::boolean, false) as ship_again,
  data ->> 'reason' as reason
from events where type = 'OrderReturned';
comment on view analysis_order_returned is 'Units came back.';
comment on column analysis_order_returned.shipment_id is 'Null: the units are of the oldest shipments.';
comment on column analysis_order_returned.units is 'Sum of the quantities.';
comment on column analysis_order_returned.items is 'Units by line; in_transit of them had not been delivered.';
comment on column analysis_order_returned.ship_again is 'They are shipped once more, and do not count as returned.';

create view analysis_order_held as select
  partition, position, order_id, version, occurred_at, recorded_at,
  data ->> 'reason' as reason
from events where type = 'OrderHeld';
comment on view analysis_order_held is 'The order may not be processed or shipped.';

create view analysis_order_released as select
  partition, position, order_id, version, occurred_at, recorded_at,
  data ->> 'reason' as reason
from events where type = 'OrderReleased';
comment on view analysis_order_released is 'A hold ended.';

create view analysis_order_note_added as select
  partition, position, order_id, version, occurred_at, recorded_at
from events where type = 'OrderNoteAdded';
comment on view analysis_order_note_added is 'A note was added. Its text may be personal, and is not shown.';

create view analysis_order_person_erased as select
  partition, position, order_id, version, occurred_at, recorded_at
from events where type = 'OrderPersonErased';
comment on view analysis_order_person_erased is 'The customer was forgotten.';

-- The sums of an order while its events are folded, as in src/orders/totals.ts.
create type analysis_totals as (
  status text,
  units_ordered bigint, units_cancelled bigint, units_shipped bigint,
  units_in_transit bigint, units_delivered bigint, units_returned bigint,
  total_minor bigint, cancelled_minor bigint, credited_minor bigint, credited_by_refunds_minor bigint,
  paid_minor bigint, refunded_minor bigint,
  is_cancelled_by_schema_1 boolean
);

-- Adds one event to the sums of its order. Events that change neither units nor money change
-- nothing.
create function analysis_add_event(totals analysis_totals, type text, schema integer, data json)
returns analysis_totals language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  units bigint := (select sum((line ->> 'quantity')::bigint) from json_array_elements(
    case when json_typeof(data -> 'items') = 'array' then data -> 'items' end) as line);
  amount bigint := (data ->> 'amount_minor')::bigint;
  in_transit bigint;
begin
  case type
    when 'OrderPlaced' then
      totals.status := 'pending';
      totals.units_ordered := coalesce(units, 0);
      totals.units_cancelled := 0; totals.units_shipped := 0; totals.units_in_transit := 0;
      totals.units_delivered := 0; totals.units_returned := 0;
      totals.total_minor := (data ->> 'total_minor')::bigint;
      totals.cancelled_minor := 0; totals.credited_minor := 0; totals.credited_by_refunds_minor := 0;
      totals.paid_minor := 0; totals.refunded_minor := 0;
      totals.is_cancelled_by_schema_1 := false;
      return totals;
    when 'OrderAmended' then
      if data ->> 'total_minor' is null then return totals; end if;
      totals.total_minor := (data ->> 'total_minor')::bigint;
      totals.cancelled_minor := 0;
      totals.units_ordered := coalesce(units, totals.units_ordered);
      totals.units_cancelled := 0;
    when 'OrderPaid' then
      totals.paid_minor := totals.paid_minor + amount;
      return totals;
    when 'OrderRefunded' then
      totals.refunded_minor := totals.refunded_minor + amount;
      if schema > 1 then amount := (data ->> 'credited_minor')::bigint; end if;
      totals.credited_by_refunds_minor := totals.credited_by_refunds_minor + amount;
      -- Schema version 1 has refunds of cancelled orders: those were worth nothing already.
      if totals.status <> 'cancelled' then totals.credited_minor := totals.credited_minor + amount; end if;
      return totals;
    when 'OrderCredited' then
      totals.credited_minor := totals.credited_minor + amount;
      return totals;
    when 'OrderProcessingStarted' then
      totals.status := 'processing';
      return totals;
    when 'OrderShipped' then
      totals.units_shipped := totals.units_shipped + units;
      -- In schema version 1, units that were shipped after a return count as delivered at once.
      if data ->> 'shipment_id' is null and totals.units_returned > 0 then
        totals.units_delivered := totals.units_delivered + units;
      else
        totals.units_in_transit := totals.units_in_transit + units;
      end if;
    when 'OrderDelivered' then
      if schema = 1 then units := null; end if;
      in_transit := coalesce(units, totals.units_in_transit);
      totals.units_in_transit := totals.units_in_transit - in_transit;
      totals.units_delivered := totals.units_delivered + in_transit;
    when 'OrderCancelled' then
      if schema = 1 then units := null; amount := null; end if;
      totals.units_cancelled := totals.units_cancelled
        + coalesce(units, totals.units_ordered - totals.units_cancelled - totals.units_shipped);
      if totals.units_cancelled = totals.units_ordered then
        totals.cancelled_minor := totals.total_minor;
        totals.credited_minor := 0;
        totals.is_cancelled_by_schema_1 := amount is null;
      else
        totals.cancelled_minor := totals.cancelled_minor + coalesce(amount, 0);
      end if;
    when 'OrderReturned' then
      if schema = 1 then
        -- Such an event does not say which units had been delivered: the others count as delivered.
        totals.units_delivered := totals.units_delivered + greatest(0, totals.units_in_transit - units);
        totals.units_in_transit := 0;
        totals.units_returned := totals.units_returned + units;
      else
        in_transit := (select coalesce(sum((line ->> 'in_transit')::bigint), 0)
                       from json_array_elements(data -> 'items') as line);
        totals.units_in_transit := totals.units_in_transit - in_transit;
        if coalesce((data ->> 'ship_again')::boolean, false) then
          totals.units_shipped := totals.units_shipped - units;
          totals.units_delivered := totals.units_delivered - (units - in_transit);
        else
          totals.units_returned := totals.units_returned + units;
        end if;
      end if;
    else
      return totals;
  end case;
  totals.status := case
    when totals.units_cancelled = totals.units_ordered then 'cancelled'
    when totals.units_shipped = 0 and totals.status = 'pending' then 'pending'
    when totals.units_shipped = 0 then 'processing'
    when totals.units_ordered - totals.units_cancelled - totals.units_shipped > 0 then 'partially_shipped'
    when totals.units_returned = totals.units_shipped then 'returned'
    when totals.units_in_transit > 0 then 'shipped'
    when totals.units_returned > 0 then 'partially_returned'
    else 'delivered' end;
  return totals;
end
$$;

create aggregate analysis_sum_events(text, integer, json) (
  sfunc = analysis_add_event, stype = analysis_totals
);

create view analysis_orders as
select
  order_id, person, currency, reference,
  (totals).status,
  case
    when (totals).paid_minor = 0 then case when (totals).total_minor = 0 then 'paid' else 'unpaid' end
    when (totals).paid_minor = (totals).refunded_minor then 'refunded'
    when (totals).paid_minor - (totals).refunded_minor < case
      when (totals).is_cancelled_by_schema_1 then (totals).total_minor
      else (totals).total_minor - (totals).cancelled_minor - (totals).credited_minor end
    then case when (totals).refunded_minor > 0 then 'partially_refunded' else 'partially_paid' end
    when (totals).credited_by_refunds_minor > 0 then 'partially_refunded'
    else 'paid' end as payment_status,
  placed_at, updated_at, version,
  (totals).units_ordered, (totals).units_cancelled, (totals).units_shipped,
  (totals).units_in_transit, (totals).units_delivered, (totals).units_returned,
  (totals).total_minor, (totals).cancelled_minor, (totals).credited_minor,
  (totals).paid_minor, (totals).refunded_minor,
  (totals).total_minor - (totals).cancelled_minor - (totals).credited_minor
    - (totals).paid_minor + (totals).refunded_minor as balance_minor,
  payments, refunds, shipments, deliveries, returns, amendments
from (
  select
    order_id,
    max(case when type = 'OrderPlaced' then coalesce((metadata ->> 'person')::uuid,
               substr(encode(sha256(convert_to((select secret::text from analysis_pseudonyms) || (data ->> 'user_id'), 'UTF8')), 'hex'), 1, 32)::uuid)::text end)::uuid as person,
    max(data ->> 'currency') filter (where type = 'OrderPlaced') as currency,
    (array_agg(data ->> 'reference' order by version desc)
       filter (where type in ('OrderPlaced', 'OrderAmended') and data ->> 'reference' is not null))[1] as reference,
    min(occurred_at) filter (where type = 'OrderPlaced') as placed_at,
    max(recorded_at) as updated_at,
    max(version) as version,
    analysis_sum_events(type, (metadata ->> 'schema')::integer, data order by version) as totals,
    count(*) filter (where type = 'OrderPaid') as payments,
    count(*) filter (where type = 'OrderRefunded') as refunds,
    count(*) filter (where type = 'OrderShipped') as shipments,
    count(*) filter (where type = 'OrderDelivered') as deliveries,
    count(*) filter (where type = 'OrderReturned') as returns,
    count(*) filter (where type = 'OrderAmended') as amendments
  from events
  where type in ('OrderPlaced', 'OrderAmended', 'OrderPaid', 'OrderProcessingStarted',
    'OrderShipped', 'OrderShipmentTracked', 'OrderDelivered', 'OrderCancelled',
    'OrderRefunded', 'OrderCredited', 'OrderReturned', 'OrderHeld',
    'OrderReleased', 'OrderNoteAdded', 'OrderPersonErased')
  group by partition, order_id
) as folded;
comment on view analysis_orders is 'One row per order as it is now: its states, sums and counts.';
comment on column analysis_orders.person is 'Pseudonym of the customer. The same customer has the same one.';
comment on column analysis_orders.placed_at is 'When it was placed, in the business.';
comment on column analysis_orders.updated_at is 'When its last event was recorded.';
comment on column analysis_orders.version is 'Number of its events.';
comment on column analysis_orders.units_cancelled is 'Units that are not to be shipped any more.';
comment on column analysis_orders.cancelled_minor is 'Amount that cancellations took off the total.';
comment on column analysis_orders.credited_minor is 'Amount that refunds and credits took off the total.';
comment on column analysis_orders.balance_minor is 'Above zero: due. Below zero: to be given back.';
comment on column analysis_orders.amendments is 'Number of events of that type, as are the columns before.';

create view analysis_order_lines as
select last.order_id, line.number::integer as line_number,
  coalesce(line.value ->> 'line_id', line.number::text) as line_id,
  line.value ->> 'item_id' as item_id,
  (line.value ->> 'quantity')::bigint as quantity,
  (line.value ->> 'unit_price_minor')::bigint as unit_price_minor,
  (line.value ->> 'unit_price_micro')::bigint as unit_price_micro
from (
  select distinct on (partition, order_id) order_id, data -> 'items' as items
  from events
  where type = 'OrderPlaced' or (type = 'OrderAmended' and data ->> 'items' is not null)
  order by partition, order_id, version desc
) as last
cross join lateral json_array_elements(last.items) with ordinality as line(value, number);
comment on view analysis_order_lines is 'One row per line of each order, as last ordered.';
comment on column analysis_order_lines.line_id is 'The name of the line; by default its number.';
comment on column analysis_order_lines.unit_price_minor is 'Null: the line has no price, or its price is in unit_price_micro.';
comment on column analysis_order_lines.unit_price_micro is 'Price in millionths of the major unit, if it is not whole in minor units.';

-- The role of analysts, which logins become members of: orders_service_analyst, or the name of the
-- service role with _analyst. An owner who may not create roles has none; docs/analysis.md says how
-- to create it later.
revoke all on function analysis_units(json), analysis_add_event(analysis_totals, text, integer, json) from public;
do $$
declare
  analyst text := 'orders_service' || '_analyst';
  one record;
begin
  if not exists (select from pg_roles where rolname = analyst) then
    begin
      execute format('create role %I nologin', analyst);
    exception
      when duplicate_object or unique_violation then
        null; -- Another database of this server was migrated at the same moment.
      when insufficient_privilege then
        return;
    end;
  end if;
  execute format('grant usage on schema %I to %I', current_schema(), analyst);
  for one in select c.relname from pg_class c
             where c.relnamespace = to_regnamespace(quote_ident(current_schema()))
               and c.relkind = 'v' and c.relname like 'analysis\_%' loop
    execute format('grant select on %I to %I', one.relname, analyst);
  end loop;
  execute format('grant execute on function analysis_units(json), '
    'analysis_add_event(analysis_totals, text, integer, json), analysis_sum_events(text, integer, json) to %I', analyst);
end
$$;
