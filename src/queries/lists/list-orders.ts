import { list, nullable, object, text } from '../json-schema.js';
import type { Order } from '../orders/order.js';
import { orderJson, orderSchema } from '../orders/order-document.js';
import {
  type OrderStatus,
  orderStatuses,
  type PaymentStatus,
  paymentStatus,
  paymentStatuses,
} from '../orders/totals.js';
import { orderPartition } from '../orders/values/partition.js';
import { decodeOrder } from '../read-models/encoding/encoded-order.js';
import { shortTime } from '../read-models/encoding/short-id.js';
import { memberOrderId, orderStatus, orderStatusKeys } from '../read-models/order-status.js';
import { decodeCursor, encodeCursor } from './cursor.js';
import { queryLimits as limits } from './limits.js';
import { fromLive, type GenerationReader, type ReadModels } from './live-generation.js';

export interface OrderFilters {
  readonly userId?: string;
  readonly status?: OrderStatus;
  readonly paymentStatus?: PaymentStatus;
  /** Only orders placed at or after this time, in milliseconds since 1970. */
  readonly placedFromMs?: number;
  /** Only orders placed before this time, in milliseconds since 1970. */
  readonly placedToMs?: number;
}

export const orderPageSchema = object({
  orders: list(orderSchema),
  /** The cursor of the next page; null on the last page. */
  next_cursor: nullable(text),
});

/** A page of orders, each as the JSON text that the API shows. */
export interface OrderPage {
  readonly orders: readonly string[];
  readonly nextCursor: string | null;
}

/** The JSON text of a page, in the form of `orderPageSchema`. */
export function pageJson({ orders, nextCursor }: OrderPage): string {
  return `{"orders":[${orders.join(',')}],"next_cursor":${JSON.stringify(nextCursor)}}`;
}

/**
 * Returns a page of orders, newest first: by the time of placing, then by id. The cost of a page
 * depends on its size and on the number of partitions, not on the number of orders. A page ends
 * early at `maxPageLength`, and where `maxScannedPerPage` or `maxScannedBytes` of orders do not
 * match the filters. Returns 'invalid-cursor' if this query with these filters did not issue the
 * cursor.
 */
export async function listOrders(
  models: ReadModels,
  filters: OrderFilters,
  limit: number,
  cursor?: string,
): Promise<OrderPage | 'invalid-cursor'> {
  let before: string | undefined;
  if (cursor !== undefined) {
    before = decodeCursor(cursor, filters);
    if (before === undefined) return 'invalid-cursor';
  }
  return fromLive(models, orderStatus, (live) => readPage(live, models.partitions, filters, limit, before));
}

/** @param start the index member after which the page begins. */
export async function readPage(
  generation: GenerationReader,
  partitions: number,
  filters: OrderFilters,
  limit: number,
  start: string | undefined,
): Promise<OrderPage> {
  const orders: string[] = [];
  let length = 0;
  let before = start;
  let scanned = 0;
  let scannedBytes = 0;
  // One order more than requested shows that there is a next page.
  let wanted = limit + 1;
  for (;;) {
    const members = await newestMembers(generation, partitions, filters, before, wanted);
    for (let at = 0; at < members.length; ) {
      const { found, bytes } = await readOrders(generation, partitions, members.slice(at));
      for (const order of found) {
        if (order && matches(order, filters)) {
          const json = orderJson(order);
          const isFull = orders.length === limit || length + json.length > limits.maxPageLength;
          if (isFull && orders.length > 0 && before !== undefined) return endingAfter(before);
          orders.push(json);
          length += json.length;
        }
        before = members[at];
        at += 1;
      }
      scannedBytes += bytes;
      const isLast = at === members.length && members.length < wanted;
      if (scannedBytes >= limits.maxScannedBytes && !isLast && before !== undefined) return endingAfter(before);
    }
    scanned += members.length;
    if (members.length < wanted || before === undefined) return { orders, nextCursor: null };
    if (scanned >= limits.maxScannedPerPage) return endingAfter(before);
    // The more orders do not match, the more are read per round trip.
    wanted = Math.max(limit - orders.length + 1, Math.min(wanted * 2, limits.maxScannedPerRead));
  }

  function endingAfter(member: string): OrderPage {
    return { orders, nextCursor: encodeCursor(member, filters) };
  }
}

/** Reads the newest members after `before` of all partitions, from the indexes for the filters. */
async function newestMembers(
  generation: GenerationReader,
  partitions: number,
  filters: OrderFilters,
  before: string | undefined,
  count: number,
): Promise<string[]> {
  const { from, to } = bounds(filters, before);
  const sets = Array.from({ length: partitions }, (_, partition) => indexKeys(generation, partition, filters));
  const share = likelyShare(count, partitions);
  const lists = await generation.newestMembers(sets, from, to, share);
  const newest = () => lists.flat(2).sort(descending).slice(0, count);
  let members = newest();
  // A list that was cut off within the page may hold more members of the page.
  const last = members[count - 1] ?? '';
  const mayContinue = (list: string[]) => list.length === share && (list.at(-1) ?? '') > last;
  const unfinished = [...lists.keys()].filter((partition) => share < count && lists[partition]?.some(mayContinue));
  if (unfinished.length > 0) {
    const whole = await generation.newestMembers(
      unfinished.map((partition) => sets[partition] ?? []),
      from,
      to,
      count,
    );
    for (const [index, partition] of unfinished.entries()) lists[partition] = whole[index] ?? [];
    members = newest();
  }
  const prefixLength = filters.userId === undefined ? 0 : filters.userId.length + 1;
  return members.map((member) => member.slice(prefixLength));
}

function descending(a: string, b: string): number {
  return a < b ? 1 : -1;
}

/**
 * Returns a number of orders that one partition's part of a page rarely exceeds. A hash spreads the
 * orders over the partitions (Poisson): three standard deviations above the mean suffice, with two
 * more for small numbers.
 */
function likelyShare(count: number, partitions: number): number {
  const mean = count / partitions;
  return Math.min(count, Math.ceil(mean + 3 * Math.sqrt(mean)) + 2);
}

/** Returns the sets of a partition that together hold all orders that the filters can match. */
function indexKeys(
  generation: GenerationReader,
  partition: number,
  { userId, status, paymentStatus }: OrderFilters,
): string[] {
  const keys = orderStatusKeys(generation.keys(partition));
  if (userId !== undefined) return [keys.users];
  if (status === undefined && paymentStatus === undefined) return [keys.placed];
  return (status ? [status] : orderStatuses).flatMap((oneStatus) =>
    (paymentStatus ? [paymentStatus] : paymentStatuses).map((onePayment) => keys.placedWith(oneStatus, onePayment)),
  );
}

/** Returns bounds for ZRANGE BYLEX: `[` is inclusive, `(` exclusive; `-` and `+` are the ends. */
function bounds({ userId, placedFromMs, placedToMs }: OrderFilters, before: string | undefined) {
  const first = placedFromMs === undefined ? '' : shortTime(placedFromMs);
  const end = before ?? (placedToMs === undefined ? undefined : shortTime(placedToMs));
  if (userId === undefined) return { from: first ? `[${first}` : '-', to: end ? `(${end}` : '+' };
  // A user's members lie between "<user>\0" and "<user>\x01".
  return { from: `[${userId}\0${first}`, to: end ? `(${userId}\0${end}` : `(${userId}\x01` };
}

/**
 * Reads the first of these orders: as many as `maxReadBytes` allow, but at least one. Redis tells
 * the sizes first, unless the orders are so few that they cannot be large together.
 *
 * @returns the orders in the same order, undefined for those that do not exist.
 */
async function readOrders(
  generation: GenerationReader,
  partitions: number,
  members: readonly string[],
): Promise<{ found: (Order | undefined)[]; bytes: number }> {
  const orderIds = members.map(memberOrderId);
  const entries = orderIds.map((orderId) =>
    orderStatusKeys(generation.keys(orderPartition(orderId, partitions))).order(orderId),
  );
  let fitting = entries.length;
  if (fitting > limits.maxUnmeasuredReads) {
    const sizes = await generation.read(entries.map((entry) => ['HSTRLEN', ...entry]));
    fitting = countFitting(sizes.map(Number), limits.maxReadBytes);
  }
  const texts = await generation.read(entries.slice(0, fitting).map((entry) => ['HGET', ...entry]));
  let bytes = 0;
  const found = texts.map((text, index) => {
    if (typeof text !== 'string') return undefined;
    bytes += text.length;
    return decodeOrder(orderIds[index] ?? '', text);
  });
  return { found, bytes };
}

/** How many of these sizes, from the first one on, fit into a budget; at least one. */
function countFitting(sizes: readonly number[], budget: number): number {
  let sum = 0;
  for (const [index, size] of sizes.entries()) {
    sum += size;
    if (sum > budget && index > 0) return index;
  }
  return sizes.length;
}

/** Checks an order itself, since it may have changed after its index entry was read. */
function matches(order: Order, filters: OrderFilters): boolean {
  return (
    (filters.userId === undefined || order.userId === filters.userId) &&
    (filters.status === undefined || order.status === filters.status) &&
    (filters.paymentStatus === undefined || paymentStatus(order) === filters.paymentStatus)
  );
}
