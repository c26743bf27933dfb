import { type OrderStatus, orderStatuses, type PaymentStatus, paymentStatuses } from '../orders/totals.js';
import { utcMs } from '../orders/values/utc-time.js';
import { decodeDetails, decodeHead } from './encoding/encoded-order.js';
import { longId, shortIdLength, shortTimeAndId, shortTimeLength } from './encoding/short-id.js';
import type { PartitionKeys } from './keys.js';
import { isOrderEntry, orderEntry, orderOfEntry, secondOrderEntry, textBucket } from './order-buckets.js';
import type { ReadableEntry } from './readable-entry.js';

/** The present state of each order, and the indexes that the lists of orders are read from. */
export const orderStatus = { name: 'order-status', version: 7, readsFrom: 6 } as const;

/** The keys of order-status in a partition. A name is built when it is read: pages need few. */
export function orderStatusKeys(key: PartitionKeys) {
  return {
    /** Hash entry: the order, see encoding/encoded-order.ts. */
    order: (orderId: string) => orderEntry(key, orderId),
    /** Hash entry beside that: the details of a large order, such as its lines. */
    details: (orderId: string) => secondOrderEntry(key, orderId),
    /**
     * Sorted set of `placedMember`s: the orders of one status and payment status. An order is in
     * one set, and all sets together are the list of all orders.
     */
    placedWith: (status: OrderStatus, payment: PaymentStatus) => key('placed', status, payment),
    /**
     * Sorted set of `placedMember`s: the newest orders, whatever their status. It has up to
     * `newestEntries` members. While all orders fit, `oldestMember` is one of them.
     */
    get newest() {
      return key('newest');
    },
    /** Sorted set of `placedMember`s: the orders on hold. */
    get held() {
      return key('held');
    },
    /** Sorted set of `userMember`s: the orders of some users, by user and then by time. */
    users: (userId: string) => key('users', textBucket(userId)),
    /** The same of `userStateMember`s: by user, status and payment status, and then by time. */
    userStates: (userId: string) => key('user-states', textBucket(userId)),
    /** Sorted set of `userMember`s: the orders on hold. */
    get heldUsers() {
      return key('held-users');
    },
    /** Sorted set of short order ids, by the position of the order's last event. */
    get updated() {
      return key('updated');
    },
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

/** The length of a `placedMember`, with which each longer member ends. */
export const placedMemberLength = shortTimeLength + shortIdLength;

/**
 * Members of `newest`, at most. The first pages of the list of all orders are read from it: with 16
 * partitions, about 4,000 orders. It takes 30 kB per partition, however many orders there are. The
 * number is part of the stored format.
 */
export const newestEntries = 256;

/**
 * This member of `newest` is below all others, so it is the first to leave the full set. A read
 * that finds it has found the oldest order of the partition.
 */
export const oldestMember = '';

/** The member of an order among those of its user. The schema allows no NUL in a user's id. */
export function userMember(userId: string, placedMember: string): string {
  return `${userId}\0${placedMember}`;
}

/** The member of an order among those of its user in one status and payment status. */
export function userStateMember(
  userId: string,
  status: OrderStatus,
  payment: PaymentStatus,
  placedMember: string,
): string {
  return userMember(userId, stateCode(status, payment) + placedMember);
}

/** The `placedMember` of a member of any index but `updated`. */
export function placedPart(member: string): string {
  return member.slice(-placedMemberLength);
}

/** One character per status and payment status. Part of the stored format. */
function stateCode(status: OrderStatus, payment: PaymentStatus): string {
  const state = orderStatuses.indexOf(status) * paymentStatuses.length + paymentStatuses.indexOf(payment);
  return String.fromCharCode(firstStateCode + state);
}

/** The digit 0: with 40 states, the last code is a letter. */
const firstStateCode = 0x30;

/** The order's id, from any kind of member. */
export function memberOrderId(member: string): string {
  return longId(member.slice(-shortIdLength));
}

/** The readable form of an entry, for comparisons. */
export const readableOrderEntry: ReadableEntry = (key, entry, text) => {
  if (key === 'newest' && entry === oldestMember) return { entry: 'oldest', text };
  if (!isOrderEntry(key)) return { orderId: memberOrderId(entry), text };
  const { id, isSecond } = orderOfEntry(entry);
  const orderId = longId(id);
  if (isSecond) return { orderId, entry: 'details', text: text && JSON.stringify(decodeDetails(text)) };
  return { orderId, text: text && JSON.stringify(decodeHead(orderId, text).order) };
};
