import type { OrderStatus, PaymentStatus } from '../orders/order.js';
import type { PartitionKeys } from './keys.js';

/** The order as it is now, and the indexes that the list of orders is read from. */
export const orderStatus = { name: 'order-status', version: 1 } as const;

/** The keys of order-status in a partition. */
export function orderStatusKeys(key: PartitionKeys) {
  return {
    /** String: the order's document, as JSON text just as the API sends it. */
    order: (orderId: string) => key('order', orderId),
    /** Sorted set of `placedMember`s: all orders. */
    placed: key('placed'),
    /** Sorted set of `placedMember`s: the orders of one status and payment status. Each order is in exactly one. */
    placedWith: (status: OrderStatus, payment: PaymentStatus) => key('placed', status, payment),
    /** Sorted set of `userMember`s: all orders, by user and then by time. */
    users: key('users'),
  };
}

/**
 * Members are read by their lexicographic order (all scores are 0): first the time when the order was placed, as 12 hex
 * digits of milliseconds, then its id. So a page can begin exactly after any order, however many were placed at the
 * same millisecond.
 */
export function placedMember(placedAt: string, orderId: string): string {
  return timePrefix(Date.parse(placedAt)) + orderId;
}

/** A user's id holds no control character (the schema refuses them), so NUL ends it. */
export function userMember(userId: string, placedAt: string, orderId: string): string {
  return `${userId}\0${placedMember(placedAt, orderId)}`;
}

export function timePrefix(milliseconds: number): string {
  return Math.max(0, milliseconds).toString(16).padStart(12, '0');
}

/** The order's id in either kind of member. */
export function memberOrderId(member: string): string {
  return member.slice(-36);
}
