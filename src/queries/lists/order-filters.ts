import type { Order } from '../../orders/order.js';
import { erasedText } from '../../orders/personal-data.js';
import { type OrderStatus, type PaymentStatus, paymentStatus } from '../../orders/totals.js';
import { utcMs } from '../../orders/values/utc-time.js';

export interface OrderFilters {
  readonly userId?: string;
  readonly reference?: string;
  /** Any of these. */
  readonly statuses?: readonly OrderStatus[];
  /** Any of these. */
  readonly paymentStatuses?: readonly PaymentStatus[];
  readonly currency?: string;
  readonly onHold?: boolean;
  /** Only orders placed at or after this time, in milliseconds since 1970. */
  readonly placedFromMs?: number;
  /** Only orders placed before this time, in milliseconds since 1970. */
  readonly placedToMs?: number;
}

/**
 * Whether an order belongs to a list, whatever index it was found by. A reference finds no order
 * whose person was forgotten: it may lead to that person.
 */
export function matches(order: Order, filters: OrderFilters): boolean {
  const { userId, reference, statuses, paymentStatuses, currency, onHold, placedFromMs, placedToMs } = filters;
  return (
    (userId === undefined || order.userId === userId) &&
    (reference === undefined || (order.reference === reference && order.userId !== erasedText)) &&
    (statuses === undefined || statuses.includes(order.status)) &&
    (paymentStatuses === undefined || paymentStatuses.includes(paymentStatus(order))) &&
    (currency === undefined || order.currency === currency) &&
    (onHold === undefined || order.onHold === onHold) &&
    (placedFromMs === undefined || utcMs(order.placedAt) >= placedFromMs) &&
    (placedToMs === undefined || utcMs(order.placedAt) < placedToMs)
  );
}
