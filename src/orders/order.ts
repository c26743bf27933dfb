/**
 * An order, folded from its events. Money is in integer minor units of `currency`; times are
 * RFC 3339, UTC.
 */
export interface Order {
  readonly orderId: string;
  readonly userId: string;
  readonly status: OrderStatus;
  readonly onHold: boolean;
  readonly items: readonly OrderItem[];
  readonly currency: string;
  readonly totalMinor: number;
  readonly paidMinor: number;
  readonly refundedMinor: number;
  readonly metadata: Readonly<Record<string, string>>;
  /** The time at which the order was placed: `occurredAt` of OrderPlaced. */
  readonly placedAt: string;
  /** The time at which its newest event was recorded. */
  readonly updatedAt: string;
  readonly version: number;
}

export interface OrderItem {
  readonly itemId: string;
  readonly quantity: number;
  readonly unitPriceMinor: number | null;
  readonly shipped: number;
  readonly returned: number;
}

export const orderStatuses = [
  'pending',
  'processing',
  'partially_shipped',
  'shipped',
  'delivered',
  'cancelled',
  'partially_returned',
  'returned',
] as const;
export type OrderStatus = (typeof orderStatuses)[number];

export const paymentStatuses = ['unpaid', 'partially_paid', 'paid', 'partially_refunded', 'refunded'] as const;
export type PaymentStatus = (typeof paymentStatuses)[number];

/**
 * Returns the payment status of an order, which merchants track separately from its fulfilment. An
 * order with a total of 0 counts as paid.
 */
export function paymentStatus(order: Pick<Order, 'totalMinor' | 'paidMinor' | 'refundedMinor'>): PaymentStatus {
  if (order.refundedMinor > 0) return order.refundedMinor === order.paidMinor ? 'refunded' : 'partially_refunded';
  if (order.paidMinor === order.totalMinor) return 'paid';
  return order.paidMinor > 0 ? 'partially_paid' : 'unpaid';
}

/** Units ordered, shipped and returned, summed over all items. */
export interface UnitCounts {
  readonly ordered: number;
  readonly shipped: number;
  readonly returned: number;
}

export function unitCounts(items: readonly OrderItem[]): UnitCounts {
  let ordered = 0;
  let shipped = 0;
  let returned = 0;
  for (const item of items) {
    ordered += item.quantity;
    shipped += item.shipped;
    returned += item.returned;
  }
  return { ordered, shipped, returned };
}

/**
 * Returns the status after units were shipped or returned. As long as units are still to ship, the
 * order stays partially_shipped even if units come back, so that `ship` stays possible.
 */
export function fulfilmentStatus(units: UnitCounts, current: OrderStatus): OrderStatus {
  if (units.shipped < units.ordered) return units.shipped > 0 ? 'partially_shipped' : current;
  if (units.returned === 0) return current === 'delivered' ? 'delivered' : 'shipped';
  return units.returned === units.shipped ? 'returned' : 'partially_returned';
}
