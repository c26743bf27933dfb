import { decimalsOf, parseDecimal } from './amounts.js';
import type { CommandBody, Decision, RequestedUnits } from './commands.js';
import type { EventData } from './fold.js';
import { placeOrAmend } from './placing-rules.js';
import { balance, kept, type OrderState, statusOf, worth } from './state.js';
import { allUnits, type ChosenUnits, chooseUnits, priceOf, unitsIn, unitsLeft } from './units.js';

const rejected = (reason: string): Decision => ({ outcome: 'rejected', reason });
const event = (type: string, data: EventData): Decision => ({ outcome: 'event', type, data });

export function decide(state: OrderState | undefined, command: string, body: CommandBody): Decision {
  if (command === 'place') return state ? rejected('the order exists') : placeOrAmend(undefined, body);
  if (!state) return rejected('there is no such order');
  if (command === 'amend') return placeOrAmend(state, body);
  const rule = rules[command];
  if (!rule) throw new Error(`the checker does not know the command ${command}`);
  return rule(state, body);
}

const isCancelled = (state: OrderState) => statusOf(state) === 'cancelled';
const amountOf = (state: OrderState, body: CommandBody) =>
  body.amount === undefined ? null : parseDecimal(body.amount, decimalsOf(state.currency));
const max = (one: bigint, other: bigint) => (one > other ? one : other);
const min = (one: bigint, other: bigint) => (one < other ? one : other);
const eventItems = (units: readonly ChosenUnits[]) =>
  units.map(({ line, quantity }) => ({ line_id: line.lineId, item_id: line.itemId, quantity })) as EventData['items'] &
    object;

const rules: Record<string, (state: OrderState, body: CommandBody) => Decision> = {
  pay(state, body) {
    const due = balance(state);
    const amount = amountOf(state, body) ?? (due > 0n ? due : 0n);
    const reference = body.payment_reference ?? null;
    const isRepeated = state.payments.some(
      (one) =>
        reference !== null &&
        one.reference === reference &&
        (one.amount === amount || (body.amount === undefined && due <= 0n)),
    );
    if (isRepeated && body.another !== true) return { outcome: 'repeated' };
    if (body.already_received !== true && (isCancelled(state) || amount > due)) return rejected('more than is due');
    if (amount <= 0n) return rejected('nothing is due');
    const received = body.already_received === true ? { already_received: true as const } : {};
    return event('OrderPaid', { amount_minor: Number(amount), payment_reference: reference, ...received });
  },
  process(state) {
    if (statusOf(state) !== 'pending' || state.held) return rejected('not pending, or on hold');
    return event('OrderProcessingStarted', {});
  },
  ship(state, body) {
    const status = statusOf(state);
    if ((status !== 'processing' && status !== 'partially_shipped') || state.held)
      return rejected('not in processing, or on hold');
    const units = body.items ? chooseUnits(state, body.items, unitsLeft) : allUnits(state, unitsLeft);
    if (!units || units.length === 0) return rejected('too few units are left');
    if (state.erased && body.tracking_number !== undefined) return rejected('the person was forgotten');
    return event('OrderShipped', {
      items: eventItems(units),
      carrier: body.carrier ?? null,
      tracking_number: body.tracking_number ?? null,
      shipment_id: String(state.shipments.length + 1),
    });
  },
  track(state, body) {
    if (!state.shipments.some((one) => one.id === body.shipment_id)) return rejected('there is no such shipment');
    if (body.carrier === undefined && body.tracking_number === undefined) return rejected('nothing to correct');
    if (state.erased && body.tracking_number !== undefined) return rejected('the person was forgotten');
    return event('OrderShipmentTracked', {
      shipment_id: body.shipment_id ?? null,
      carrier: body.carrier ?? null,
      tracking_number: body.tracking_number ?? null,
    });
  },
  deliver(state, body) {
    const available = unitsIn(state, body.shipment_id, 'inTransit');
    const units = body.items ? chooseUnits(state, body.items, available) : allUnits(state, available);
    if (!units || units.length === 0) return rejected('too few units are in transit');
    return event('OrderDelivered', { items: eventItems(units), shipment_id: body.shipment_id ?? null });
  },
  cancel(state, body) {
    const units = body.items ? chooseUnits(state, body.items, unitsLeft) : allUnits(state, unitsLeft);
    if (!units || units.length === 0) return rejected('too few units are left');
    const cancelled = (one: ChosenUnits['line']) => units.find(({ line }) => line === one)?.quantity ?? 0;
    const isWhole = state.lines.every((line) => line.cancelled + cancelled(line) === line.quantity);
    const given = amountOf(state, body);
    if (isWhole && given !== null && given !== worth(state)) return rejected('not all that the order is worth');
    const amount = isWhole ? worth(state) : (given ?? priceOf(state, units));
    if (amount === null) return rejected('the amount is missing');
    const least = body.amount === undefined ? min(amount, worth(state)) : amount;
    if (least > worth(state)) return rejected('more than the order is worth');
    return event('OrderCancelled', {
      items: eventItems(units),
      amount_minor: Number(least),
      reason: body.reason ?? '',
    });
  },
  refund(state, body) {
    const surplus = max(-balance(state), 0n);
    const price = body.items ? refundPrice(state, body.items) : null;
    if (body.items && body.amount === undefined && price === null) return rejected('units without a price');
    if (body.items && !chooseUnits(state, body.items, (line) => line.quantity)) return rejected('too many units');
    const amount = amountOf(state, body) ?? price ?? (surplus > 0n ? surplus : kept(state));
    if (kept(state) === 0n || amount > kept(state) || amount <= 0n) return rejected('more than is kept');
    const lowered = body.payable_again === true ? 0n : max(amount - surplus, 0n);
    return event('OrderRefunded', {
      amount_minor: Number(amount),
      credited_minor: Number(lowered),
      reason: body.reason ?? '',
    });
  },
  credit(state, body) {
    const due = balance(state);
    const amount = amountOf(state, body) ?? due;
    if (amount > due || due <= 0n || amount <= 0n) return rejected('more than is due');
    return event('OrderCredited', { amount_minor: Number(amount), reason: body.reason ?? '' });
  },
  return: returned,
  hold(state, body) {
    if (state.held || !state.lines.some((line) => unitsLeft(line) > 0)) return rejected('on hold, or nothing is left');
    return event('OrderHeld', { reason: body.reason ?? '' });
  },
  release(state, body) {
    if (!state.held) return rejected('not on hold');
    return event('OrderReleased', { reason: body.reason ?? '' });
  },
  note(state, body) {
    if (state.erased) return rejected('the person was forgotten');
    return event('OrderNoteAdded', { text: body.text ?? '' });
  },
};

function refundPrice(state: OrderState, items: readonly RequestedUnits[]): bigint | null {
  const units = chooseUnits(state, items, (line) => line.quantity);
  return units && priceOf(state, units);
}

/** Delivered units come back first, then units in transit, unless the command says otherwise. */
function returned(state: OrderState, body: CommandBody): Decision {
  const arrived = unitsIn(state, body.shipment_id, 'arrived');
  const inTransit = unitsIn(state, body.shipment_id, 'inTransit');
  const available = (line: ChosenUnits['line']) =>
    (body.from === 'transit' ? 0 : arrived(line)) + (body.from === 'delivered' ? 0 : inTransit(line));
  const units = body.items ? chooseUnits(state, body.items, available) : allUnits(state, available);
  if (!units || units.length === 0) return rejected('too few units can come back');
  const items = units.map(({ line, quantity }) => {
    const notArrived = body.from === 'transit' ? quantity : Math.max(0, quantity - arrived(line));
    return {
      line_id: line.lineId,
      item_id: line.itemId,
      quantity,
      ...(notArrived > 0 ? { in_transit: notArrived } : {}),
    };
  }) as EventData['items'] & object;
  return event('OrderReturned', {
    items,
    shipment_id: body.shipment_id ?? null,
    reason: body.reason ?? '',
    ...(body.ship_again === true ? { ship_again: true } : {}),
  });
}
