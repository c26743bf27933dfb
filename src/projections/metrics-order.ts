import type { OrderedItem } from '../orders/events.js';
import { fulfilmentStatus, type OrderStatus, orderStatuses } from '../orders/order.js';
import { utcMs } from '../orders/values/utc-time.js';
import { base36, fromBase36 } from '../read-models/encoding/base36.js';
import type { ProjectedEvent } from './projection.js';

/** The part of an order that the effect of its next event on the figures depends on. */
export interface MetricsOrder {
  currency: string;
  placedAtMs: number;
  totalMinor: number;
  refundedMinor: number;
  paidMinor: number;
  status: OrderStatus;
  units: number;
  shipped: number;
  returned: number;
  /**
   * Whether the time to "shipped" was counted. Items that are returned and shipped again do not
   * count.
   */
  shippedTimed: boolean;
}

/** The order after the event. */
export function counted(event: ProjectedEvent['event'], before: MetricsOrder | undefined): MetricsOrder {
  if (event.type !== 'OrderPlaced') {
    if (!before) throw new Error(`order ${event.orderId}: ${event.type} before OrderPlaced`);
    const order = after(before, event);
    if (order.status === 'shipped') order.shippedTimed = true;
    return order;
  }
  const { currency, total_minor: totalMinor, items } = event.data;
  return {
    currency,
    placedAtMs: utcMs(event.occurredAt),
    totalMinor,
    paidMinor: 0,
    refundedMinor: 0,
    status: 'pending',
    units: unitsOf(items),
    shipped: 0,
    returned: 0,
    shippedTimed: false,
  };
}

function after(before: MetricsOrder, event: Exclude<ProjectedEvent['event'], { type: 'OrderPlaced' }>): MetricsOrder {
  const order = copied(before);
  switch (event.type) {
    case 'OrderAmended':
      order.totalMinor = event.data.total_minor;
      order.units = unitsOf(event.data.items);
      break;
    case 'OrderPaid':
      order.paidMinor += event.data.amount_minor;
      break;
    case 'OrderProcessingStarted':
      order.status = 'processing';
      break;
    case 'OrderShipped':
      order.shipped += unitsOf(event.data.items);
      order.status = fulfilmentStatus(unitCountsOf(order), order.status);
      break;
    case 'OrderDelivered':
      order.status = 'delivered';
      break;
    case 'OrderCancelled':
      order.status = 'cancelled';
      break;
    case 'OrderRefunded':
      order.refundedMinor += event.data.amount_minor;
      break;
    case 'OrderReturned':
      order.returned += unitsOf(event.data.items);
      order.status = fulfilmentStatus(unitCountsOf(order), order.status);
      break;
    case 'OrderHeld':
    case 'OrderReleased':
    case 'OrderNoteAdded':
    case 'OrderPersonErased':
      break;
  }
  return order;
}

/** Copies field by field, which is faster than spreading; see orders/evolve.ts. */
function copied(order: MetricsOrder): MetricsOrder {
  const { currency, placedAtMs, totalMinor, refundedMinor, paidMinor, status, units, shipped, returned, shippedTimed } =
    order;
  return { currency, placedAtMs, totalMinor, refundedMinor, paidMinor, status, units, shipped, returned, shippedTimed };
}

function unitsOf(items: readonly Pick<OrderedItem, 'quantity'>[]): number {
  return items.reduce((sum, { quantity }) => sum + quantity, 0);
}

function unitCountsOf(order: MetricsOrder) {
  return { ordered: order.units, shipped: order.shipped, returned: order.returned };
}

/**
 * Encodes an order as "<currency> <placed at, ms> <total> <paid> <refunded> <status> <units>
 * <shipped> <returned>[ t]". Numbers are in base 36; "t" means that the time to "shipped" was
 * counted.
 */
export function encodeCountedOrder(order: MetricsOrder): string {
  return [
    order.currency,
    base36(order.placedAtMs),
    base36(order.totalMinor),
    base36(order.paidMinor),
    base36(order.refundedMinor),
    base36(orderStatuses.indexOf(order.status)),
    base36(order.units),
    base36(order.shipped),
    order.shippedTimed ? `${base36(order.returned)} t` : base36(order.returned),
  ].join(' ');
}

/** Throws if the text holds no order: a guess would make all later sums wrong. */
export function decodeCountedOrder(text: string): MetricsOrder {
  const [currency = '', ...words] = text.split(' ');
  const numbers = words.slice(0, 8).map(fromBase36);
  const [placedAtMs = 0, totalMinor = 0, paidMinor = 0, refundedMinor = 0, statusIndex = -1, ...counts] = numbers;
  const [units = 0, shipped = 0, returned = 0] = counts;
  const status = orderStatuses[statusIndex];
  if (status === undefined || counts.length !== 3 || numbers.some(Number.isNaN)) {
    throw new Error(`"${text}" is no encoded order of metrics`);
  }
  const shippedTimed = words[8] === 't';
  return { currency, placedAtMs, totalMinor, paidMinor, refundedMinor, status, units, shipped, returned, shippedTimed };
}
