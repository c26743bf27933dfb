import { applyToTotals, leftToShip, orderStatuses, placedTotals, type TotalsDraft } from '../orders/totals.js';
import { utcMs } from '../orders/values/utc-time.js';
import { base36, fromBase36 } from '../read-models/encoding/base36.js';
import type { ProjectedEvent } from './projection.js';

/** The part of an order that the effect of its next event on the figures depends on. */
export interface MetricsOrder extends TotalsDraft {
  readonly currency: string;
  readonly placedAtMs: number;
  /** From placing to the last shipping event; undefined before the first. */
  shippedAfterMs: number | undefined;
  /** From placing to the last delivery; undefined before the first. */
  deliveredAfterMs: number | undefined;
  /** Whether the time to the last shipping event was counted, which happens once. */
  isShippingTimed: boolean;
  isDeliveryTimed: boolean;
}

/** The order after the event. */
export function counted(event: ProjectedEvent['event'], before: MetricsOrder | undefined): MetricsOrder {
  if (event.type === 'OrderPlaced') {
    const { currency, total_minor: totalMinor, items } = event.data;
    const order = {
      currency,
      placedAtMs: utcMs(event.occurredAt),
      shippedAfterMs: undefined,
      deliveredAfterMs: undefined,
      isShippingTimed: false,
      isDeliveryTimed: false,
    };
    return withTotals(order, placedTotals(totalMinor, items));
  }
  if (!before) throw new Error(`order ${event.orderId}: ${event.type} before OrderPlaced`);
  const order = withTotals(before, before);
  applyToTotals(order, event);
  // An occurred_at before that of placing counts as no time.
  const afterMs = () => Math.max(0, utcMs(event.occurredAt) - order.placedAtMs);
  if (event.type === 'OrderShipped') order.shippedAfterMs = afterMs();
  if (event.type === 'OrderDelivered') order.deliveredAfterMs = afterMs();
  const { units } = order;
  if (leftToShip(units) > 0 || units.shipped === 0) return order;
  order.isShippingTimed = true;
  if (units.inTransit === 0 && units.delivered > 0 && order.deliveredAfterMs !== undefined)
    order.isDeliveryTimed = true;
  return order;
}

/** Copies field by field, which is faster than spreading; see orders/draft.ts. */
function withTotals(order: Omit<MetricsOrder, keyof TotalsDraft>, totals: TotalsDraft): MetricsOrder {
  const { ordered, cancelled, shipped, inTransit, delivered, returned } = totals.units;
  return {
    currency: order.currency,
    placedAtMs: order.placedAtMs,
    shippedAfterMs: order.shippedAfterMs,
    deliveredAfterMs: order.deliveredAfterMs,
    isShippingTimed: order.isShippingTimed,
    isDeliveryTimed: order.isDeliveryTimed,
    status: totals.status,
    units: { ordered, cancelled, shipped, inTransit, delivered, returned },
    totalMinor: totals.totalMinor,
    cancelledMinor: totals.cancelledMinor,
    creditedMinor: totals.creditedMinor,
    creditedByRefundsMinor: totals.creditedByRefundsMinor,
    paidMinor: totals.paidMinor,
    refundedMinor: totals.refundedMinor,
    isCancelledBySchema1: totals.isCancelledBySchema1,
  };
}

/** The fields of an encoded order after its currency that are always there. */
const alwaysWritten = 4;
/** The number of fields after the currency. */
const allFields = 17;

/**
 * Encodes an order as its currency and numbers in base 36. The fields that are rarely above zero
 * come last, and zeros at the end are left out: with up to 64 bytes, Redis stores an entry at
 * hardly any cost.
 */
export function encodeCountedOrder(order: MetricsOrder): string {
  const { units } = order;
  const numbers = [
    order.placedAtMs,
    order.totalMinor,
    orderStatuses.indexOf(order.status),
    units.ordered,
    order.paidMinor,
    units.shipped,
    (order.isShippingTimed ? 1 : 0) + (order.isDeliveryTimed ? 2 : 0) + (order.isCancelledBySchema1 ? 4 : 0),
    order.shippedAfterMs === undefined ? 0 : order.shippedAfterMs + 1,
    units.delivered,
    order.deliveredAfterMs === undefined ? 0 : order.deliveredAfterMs + 1,
    units.inTransit,
    order.refundedMinor,
    order.creditedMinor,
    order.creditedByRefundsMinor,
    units.returned,
    units.cancelled,
    order.cancelledMinor,
  ];
  let length = numbers.length;
  while (length > alwaysWritten && numbers[length - 1] === 0) length -= 1;
  let text = order.currency;
  for (let at = 0; at < length; at += 1) text += ` ${base36(numbers[at] ?? 0)}`;
  return text;
}

/** Throws if the text holds no order: a guess would make all later sums wrong. */
export function decodeCountedOrder(text: string): MetricsOrder {
  const [currency = '', ...words] = text.split(' ');
  const numbers = words.map(fromBase36);
  const status = orderStatuses[numbers[2] ?? -1];
  const isWhole = words.length >= alwaysWritten && words.length <= allFields && !numbers.some(Number.isNaN);
  if (status === undefined || !isWhole) throw new Error(`"${text}" is no encoded order of metrics`);
  const at = (index: number) => numbers[index] ?? 0;
  const flags = at(6);
  return {
    currency,
    placedAtMs: at(0),
    totalMinor: at(1),
    status,
    paidMinor: at(4),
    isShippingTimed: (flags & 1) !== 0,
    isDeliveryTimed: (flags & 2) !== 0,
    isCancelledBySchema1: (flags & 4) !== 0,
    shippedAfterMs: at(7) === 0 ? undefined : at(7) - 1,
    deliveredAfterMs: at(9) === 0 ? undefined : at(9) - 1,
    units: {
      ordered: at(3),
      shipped: at(5),
      delivered: at(8),
      inTransit: at(10),
      returned: at(14),
      cancelled: at(15),
    },
    refundedMinor: at(11),
    creditedMinor: at(12),
    creditedByRefundsMinor: at(13),
    cancelledMinor: at(16),
  };
}
