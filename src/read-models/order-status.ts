import type { OrderStatus, PaymentStatus } from '../orders/totals.js';
import { utcMs } from '../orders/values/utc-time.js';
import { decodeOrder } from './encoding/encoded-order.js';
import { longId, shortIdLength, shortTimeAndId } from './encoding/short-id.js';
import type { PartitionKeys } from './keys.js';
import { isOrderEntry, orderEntry } from './order-buckets.js';
import type { ReadableEntry } from './readable-entry.js';

/** The present state of each order, and the indexes that the list of orders is read from. */
export const orderStatus = { name: 'order-status', version: 3, readsFrom: 3 } as const;

/** The keys of order-status in a partition. */
export function orderStatusKeys(key: PartitionKeys) {
  return {
    /** Hash entry: the order, see encoding/encoded-order.ts. */
    order: (orderId: string) => orderEntry(key, orderId),
    /** Sorted set of `placedMember`s: all orders. */
    placed: key('placed'),
    /**
     * Sorted set of `placedMember`s: the orders of one status and payment status. An order is in
     * one set.
     */
    placedWith: (status: OrderStatus, payment: PaymentStatus) => key('placed', status, payment),
    /** Sorted set of `userMember`s: all orders, by user and then by time. */
    users: key('users'),
  };
}

/**
 * The member of an order. All scores are 0, so members are in lexicographic order: by the time of
 * placing, then by the order's id, both in their short form. So a page of the list can begin after
 * any order, however many orders were placed in the same millisecond.
 */
export function placedMember(placedAt: string, orderId: string): string {
  return shortTimeAndId(utcMs(placedAt), orderId);
}

/** The member of an order among those of its user. The schema allows no NUL in a user's id. */
export function userMember(userId: string, placedMember: string): string {
  return `${userId}\0${placedMember}`;
}

/** The order's id, from either kind of member. */
export function memberOrderId(member: string): string {
  return longId(member.slice(-shortIdLength));
}

/** The readable form of an entry, for comparisons. */
export const readableOrderEntry: ReadableEntry = (key, entry, text) => {
  if (!isOrderEntry(key)) return { orderId: memberOrderId(entry), text };
  const orderId = longId(entry);
  return { orderId, text: text && JSON.stringify(decodeOrder(orderId, text)) };
};
