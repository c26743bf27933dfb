import { type OrderStatus, orderStatuses, type PaymentStatus, paymentStatuses } from '../orders/order.js';
import type { OrderDocument } from '../orders/order-document.js';
import { orderPartition } from '../orders/partition.js';
import { memberOrderId, orderStatusKeys, timePrefix } from '../read-models/order-status.js';
import { pipeline, type RedisCommand } from '../read-models/redis.js';
import { decodeCursor, encodeCursor } from './cursor.js';
import { queryLimits as limits } from './limits.js';
import type { ReadModels } from './read-models.js';

export interface OrderFilters {
  readonly userId?: string;
  readonly status?: OrderStatus;
  readonly paymentStatus?: PaymentStatus;
  /** Placed at or after this time, in milliseconds since 1970. */
  readonly placedFromMs?: number;
  /** Placed before this time. */
  readonly placedToMs?: number;
}

export interface OrderPage {
  readonly orders: OrderDocument[];
  /** Where the next page begins; null where this was the last. */
  readonly next_cursor: string | null;
}

/**
 * A page of orders, newest first: by when they were placed, then by id. The cost of a page depends on its size and the
 * number of partitions, not on the number of orders. Gives 'invalid-cursor' for one that this query did not give out.
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
  const orders: OrderDocument[] = [];
  let scanned = 0;
  for (;;) {
    const wanted = limit - orders.length + 1;
    const members = await newestMembers(models, filters, before, wanted);
    const documents = await readDocuments(models, members);
    for (const [index, member] of members.entries()) {
      const document = documents[index];
      if (document && matches(document, filters)) {
        // One more than the page was asked for, to know whether there is a next page.
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

/** The newest members after `before` over all partitions' indexes: the one list that the filters are best read from. */
async function newestMembers(
  models: ReadModels,
  filters: OrderFilters,
  before: string | undefined,
  count: number,
): Promise<string[]> {
  const max = before === undefined ? upperBound(filters) : `(${before}`;
  const min = filters.placedFromMs === undefined ? '-' : `[${timePrefix(filters.placedFromMs)}`;
  const commands: RedisCommand[] = [];
  for (let partition = 0; partition < models.partitions; partition += 1) {
    for (const command of indexReads(models, partition, filters, min, max, count)) commands.push(command);
  }
  const answers = (await pipeline(models.redis, commands)) as string[][];
  const prefixLength = filters.userId === undefined ? 0 : filters.userId.length + 1;
  // A set, since an order that changes its status at this moment may be met in both lists.
  const members = new Set(answers.flat().map((member) => member.slice(prefixLength)));
  return [...members].sort((a, b) => (a < b ? 1 : -1)).slice(0, count);
}

function indexReads(
  models: ReadModels,
  partition: number,
  filters: OrderFilters,
  min: string,
  max: string,
  count: number,
): RedisCommand[] {
  const keys = orderStatusKeys(models.keys, partition);
  const read = (key: string, from: string, to: string): RedisCommand => [
    'ZRANGE',
    key,
    to,
    from,
    'BYLEX',
    'REV',
    'LIMIT',
    0,
    count,
  ];
  const { userId, status, paymentStatus } = filters;
  if (userId !== undefined) {
    // The user's members are those between "<user>\0" and "<user>\x01".
    const from = min === '-' ? `[${userId}\0` : `[${userId}\0${min.slice(1)}`;
    const to = max === '+' ? `(${userId}\x01` : `(${userId}\0${max.slice(1)}`;
    return [read(keys.users, from, to)];
  }
  if (status === undefined && paymentStatus === undefined) return [read(keys.placed, min, max)];
  return (status ? [status] : orderStatuses).flatMap((oneStatus) =>
    (paymentStatus ? [paymentStatus] : paymentStatuses).map((onePayment) =>
      read(keys.placedWith(oneStatus, onePayment), min, max),
    ),
  );
}

function upperBound(filters: OrderFilters): string {
  return filters.placedToMs === undefined ? '+' : `(${timePrefix(filters.placedToMs)}`;
}

async function readDocuments(models: ReadModels, members: readonly string[]): Promise<(OrderDocument | undefined)[]> {
  const texts = await pipeline(
    models.redis,
    members.map((member) => {
      const orderId = memberOrderId(member);
      return ['GET', orderStatusKeys(models.keys, orderPartition(orderId, models.partitions)).order(orderId)];
    }),
  );
  return texts.map((text) => (typeof text === 'string' ? (JSON.parse(text) as OrderDocument) : undefined));
}

/** An order may have changed between reading the index and reading the order: the order itself has the last word. */
function matches(order: OrderDocument, filters: OrderFilters): boolean {
  return (
    (filters.userId === undefined || order.user_id === filters.userId) &&
    (filters.status === undefined || order.status === filters.status) &&
    (filters.paymentStatus === undefined || order.payment_status === filters.paymentStatus)
  );
}
