import type { Order, OrderItem, OrderStatus, PaymentStatus } from '../orders/order.js';
import { orderStatuses } from '../orders/order.js';
import { utcMs, utcTime } from '../orders/values/utc-time.js';
import { longId, shortIdLength, shortTimeAndId } from './encoding/short-id.js';
import type { PartitionKeys } from './keys.js';
import { isOrderEntry, orderEntry } from './order-buckets.js';
import type { ReadableEntry } from './readable-entry.js';

/** The present state of each order, and the indexes that the list of orders is read from. */
export const orderStatus = { name: 'order-status', version: 2, readsFrom: 2 } as const;

/** The keys of order-status in a partition. */
export function orderStatusKeys(key: PartitionKeys) {
  return {
    /** Hash entry: the order, see `encodeOrder`. */
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

/** An order as one JSON array, without the names of its fields. Each item takes five values. */
type EncodedOrder = [
  version: number,
  userId: string,
  status: number,
  onHold: 0 | 1,
  currency: string,
  totalMinor: number,
  paidMinor: number,
  refundedMinor: number,
  placedMs: number,
  updatedMs: number,
  metadata: Readonly<Record<string, string>> | 0,
  ...items: (string | number | null)[],
];

/** The index of the first item in an encoded order. */
const itemsFrom = 11;

/** Encodes all that `evolve` needs: the text is also the state of the projection. */
export function encodeOrder(order: Order): string {
  const encoded: EncodedOrder = [
    order.version,
    order.userId,
    orderStatuses.indexOf(order.status),
    order.onHold ? 1 : 0,
    order.currency,
    order.totalMinor,
    order.paidMinor,
    order.refundedMinor,
    utcMs(order.placedAt),
    utcMs(order.updatedAt),
    Object.keys(order.metadata).length === 0 ? 0 : order.metadata,
  ];
  for (const { itemId, quantity, unitPriceMinor, shipped, returned } of order.items) {
    encoded.push(itemId, quantity, unitPriceMinor, shipped, returned);
  }
  return JSON.stringify(encoded);
}

/** Throws if the text holds no order. */
export function decodeOrder(orderId: string, text: string): Order {
  // Access by index is faster: destructuring uses an iterator, which costs more than parsing the
  // JSON.
  const encoded = JSON.parse(text) as EncodedOrder;
  const status = orderStatuses[encoded[2]];
  if (status === undefined) throw new Error(`order ${orderId}: unknown status ${encoded[2]}`);
  const items: OrderItem[] = [];
  for (let at = itemsFrom; at < encoded.length; at += 5) {
    items.push({
      itemId: encoded[at] as string,
      quantity: encoded[at + 1] as number,
      unitPriceMinor: encoded[at + 2] as number | null,
      shipped: encoded[at + 3] as number,
      returned: encoded[at + 4] as number,
    });
  }
  return {
    orderId,
    userId: encoded[1],
    status,
    onHold: encoded[3] === 1,
    items,
    currency: encoded[4],
    totalMinor: encoded[5],
    paidMinor: encoded[6],
    refundedMinor: encoded[7],
    metadata: encoded[10] === 0 ? {} : encoded[10],
    placedAt: utcTime(encoded[8]),
    updatedAt: utcTime(encoded[9]),
    version: encoded[0],
  };
}

/** The readable form of an entry, for comparisons. */
export const readableOrderEntry: ReadableEntry = (key, entry, text) => {
  if (!isOrderEntry(key)) return { orderId: memberOrderId(entry), text };
  const orderId = longId(entry);
  return { orderId, text: text && JSON.stringify(decodeOrder(orderId, text)) };
};
