import type { Order, OrderItem, OrderStatus, PaymentStatus } from '../orders/order.js';
import { orderStatuses } from '../orders/order.js';
import { utcMs, utcTime } from '../orders/values/utc-time.js';
import { longId, shortIdLength, shortTimeAndId } from './encoding/short-id.js';
import type { PartitionKeys } from './keys.js';
import { isOrderEntry, orderEntry } from './order-buckets.js';
import type { ReadableEntry } from './readable-entry.js';

/** The order as it is now, and the indexes that the list of orders is read from. Version 2 is the compact one. */
export const orderStatus = { name: 'order-status', version: 2, readsFrom: 2 } as const;

/** The keys of order-status in a partition. */
export function orderStatusKeys(key: PartitionKeys) {
  return {
    /** Hash entry: the order, see `encodeOrder`. */
    order: (orderId: string) => orderEntry(key, orderId),
    /** Sorted set of `placedMember`s: all orders. */
    placed: key('placed'),
    /** Sorted set of `placedMember`s: the orders of one status and payment status. Each order is in exactly one. */
    placedWith: (status: OrderStatus, payment: PaymentStatus) => key('placed', status, payment),
    /** Sorted set of `userMember`s: all orders, by user and then by time. */
    users: key('users'),
  };
}

/**
 * Members are read by their lexicographic order (all scores are 0): first the time when the order was placed, then its id,
 * both short. So a page can begin exactly after any order, however many were placed at the same millisecond.
 */
export function placedMember(placedAt: string, orderId: string): string {
  return shortTimeAndId(utcMs(placedAt), orderId);
}

/** A user's id holds no control character (the schema refuses them), so NUL ends it. */
export function userMember(userId: string, placedMember: string): string {
  return `${userId}\0${placedMember}`;
}

/** The order's id in either kind of member. */
export function memberOrderId(member: string): string {
  return longId(member.slice(-shortIdLength));
}

/** An order's fields without their names, as one JSON array; an item is five values in it. */
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

/** Where in it the items begin. */
const itemsFrom = 11;

/** The order as text. Nothing that `evolve` needs is lost: it is also the projection's state. */
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

/** Throws on a text that no order has. */
export function decodeOrder(orderId: string, text: string): Order {
  // By index: destructuring goes through an iterator, which costs more than reading the JSON does.
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

/** An entry for people to read. */
export const readableOrderEntry: ReadableEntry = (key, entry, text) => {
  if (!isOrderEntry(key)) return { orderId: memberOrderId(entry), text };
  const orderId = longId(entry);
  return { orderId, text: text && JSON.stringify(decodeOrder(orderId, text)) };
};
