import { type FromSchema, list, nullable, object, text } from '../json-schema.js';
import { type OrderStatus, orderStatuses, type PaymentStatus, paymentStatuses } from '../orders/order.js';
import { type OrderDocument, orderDocument, orderSchema } from '../orders/order-document.js';
import { orderPartition } from '../orders/values/partition.js';
import { shortTime } from '../read-models/encoding/short-id.js';
import { decodeOrder, memberOrderId, orderStatus, orderStatusKeys } from '../read-models/order-status.js';
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

export type OrderPage = FromSchema<typeof orderPageSchema>;

/**
 * Returns a page of orders, newest first: by the time of placing, then by id. The cost of a page
 * depends on its size and on the number of partitions, not on the number of orders. Returns
 * 'invalid-cursor' if this query with these filters did not issue the cursor.
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
  const orders: OrderDocument[] = [];
  let before = start;
  let scanned = 0;
  for (;;) {
    const wanted = limit - orders.length + 1;
    const members = await newestMembers(generation, partitions, filters, before, wanted);
    const documents = await readDocuments(generation, partitions, members);
    for (const [index, member] of members.entries()) {
      const document = documents[index];
      if (document && matches(document, filters)) {
        // One order more than requested shows that there is a next page.
        if (orders.length === limit && before !== undefined) {
          return { orders, next_cursor: encodeCursor(before, filters) };
        }
        orders.push(document);
      }
      before = member;
    }
    scanned += members.length;
    if (members.length < wanted || before === undefined) return { orders, next_cursor: null };
    if (scanned >= limits.maxScannedPerPage) return { orders, next_cursor: encodeCursor(before, filters) };
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

async function readDocuments(
  generation: GenerationReader,
  partitions: number,
  members: readonly string[],
): Promise<(OrderDocument | undefined)[]> {
  const orderIds = members.map(memberOrderId);
  const texts = await generation.read(
    orderIds.map((orderId) => {
      const key = orderStatusKeys(generation.keys(orderPartition(orderId, partitions)));
      return ['HGET', ...key.order(orderId)];
    }),
  );
  return orderIds.map((orderId, index) => {
    const text = texts[index];
    return typeof text === 'string' ? orderDocument(decodeOrder(orderId, text)) : undefined;
  });
}

/** Checks an order itself, since it may have changed after its index entry was read. */
function matches(order: OrderDocument, filters: OrderFilters): boolean {
  return (
    (filters.userId === undefined || order.user_id === filters.userId) &&
    (filters.status === undefined || order.status === filters.status) &&
    (filters.paymentStatus === undefined || order.payment_status === filters.paymentStatus)
  );
}
