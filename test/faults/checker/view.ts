import { toMajor } from './amounts.js';
import { balance, type OrderState, paymentStatusOf, statusOf } from './state.js';

type Json = Record<string, unknown>;

/** The order as `GET /orders/{order_id}` has to show it. */
export function viewOf(state: OrderState): Json {
  const money = (minor: bigint) => toMajor(minor, state.currency);
  return {
    order_id: state.id,
    reference: state.reference,
    user_id: state.userId,
    status: statusOf(state),
    payment_status: paymentStatusOf(state),
    on_hold: state.held,
    items: state.lines.map((line) => ({
      line_id: line.lineId,
      item_id: line.itemId,
      quantity: line.quantity,
      ...(line.price === null ? {} : { unit_price: Number(`${line.price}e-6`) }),
      cancelled: line.cancelled,
      shipped: line.shipped,
      delivered: line.delivered,
      returned: line.returned,
    })),
    item_ids: [...new Set(state.lines.map((line) => line.itemId))],
    adjustments: state.adjustments.map(({ type, amount, description }) => ({
      type,
      amount: money(amount),
      ...(description === undefined ? {} : { description }),
    })),
    total_amount: money(state.total),
    currency: state.currency,
    cancelled_amount: money(state.cancelled),
    credited_amount: money(state.credited),
    paid_amount: money(state.paid),
    refunded_amount: money(state.refunded),
    balance: money(balance(state)),
    shipments: state.shipments.map((one) => ({
      shipment_id: one.id,
      items: one.items.map(({ line, quantity }) => ({ line_id: line.lineId, item_id: line.itemId, quantity })),
      carrier: one.carrier,
      tracking_number: one.tracking,
      shipped_at: one.shippedAt,
      delivered_at: one.items.some((item) => item.inTransit > 0) ? null : one.lastArrival,
    })),
    metadata: state.metadata,
    placed_at: state.placedAt,
    updated_at: state.updatedAt,
    version: state.version,
  };
}

/**
 * The fields of a response that are not as expected, each as a text. Personal data that only the
 * service can read is passed over.
 */
export function differences(expected: Json, actual: Json, ignored: readonly string[] = []): string[] {
  const found: string[] = [];
  for (const field of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
    if (ignored.includes(field) || (isUnknown(field, expected[field]) && field in actual)) continue;
    const [want, got] = [expected[field], actual[field]].map((value) => JSON.stringify(sorted(value, expected[field])));
    if (want !== got) found.push(`${field} is ${got}, not ${want}`);
  }
  return found;
}

const isUnknown = (field: string, value: unknown) => value === null && (field === 'user_id' || field === 'metadata');

/** Sorts the keys of objects; leaves out fields that the expected value has as undefined. */
function sorted(value: unknown, pattern: unknown): unknown {
  if (Array.isArray(value))
    return value.map((one, nth) => sorted(one, Array.isArray(pattern) ? pattern[nth] : undefined));
  if (typeof value !== 'object' || value === null) return value;
  const unknown = new Set(
    Object.entries(pattern ?? {})
      .filter(([, one]) => one === undefined)
      .map(([key]) => key),
  );
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !unknown.has(key))
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, one]) => [key, sorted(one, (pattern as Json | undefined)?.[key])]),
  );
}
