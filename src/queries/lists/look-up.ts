import { list, nullable, object, text } from '../../json-schema.js';
import type { Order } from '../../orders/order.js';
import { orderJson, orderSchema } from '../../orders/order-document.js';
import { erasedText } from '../../orders/personal-data.js';
import { orderPartition } from '../../orders/values/partition.js';
import { canonicalUuid, isUuid } from '../../orders/values/uuid.js';
import { orderLookup, orderLookupKeys, type TextKind, textPrefix } from '../../read-models/order-lookup.js';
import {
  memberOrderId,
  orderStatus,
  orderStatusKeys,
  placedMember,
  userMember,
} from '../../read-models/order-status.js';
import type { GenerationReader } from '../generation-reader.js';
import { fromLive, type ReadModels } from '../live-generation.js';
import { decodeCursor, encodeCursor } from './cursor.js';
import { newestMembers, rangeOf } from './newest-members.js';
import { type OrderPage, pageOf } from './order-page.js';
import { readOrders } from './read-orders.js';
import { membersWithText } from './text-index.js';

/** The fields of an order by which it can be found. */
export const matchedFields = ['order_id', 'reference', 'payment_reference', 'tracking_number', 'user_id'] as const;
type MatchedField = (typeof matchedFields)[number];

export const lookupPageSchema = object({
  orders: list(
    object(
      {
        ...orderSchema.properties,
        matched_by: { type: 'array', items: { enum: matchedFields }, description: 'The fields that equal `q`.' },
      },
      ['damaged'],
    ),
  ),
  /** The cursor of the next page; null on the last page. */
  next_cursor: nullable(text),
});

export interface LookupQuery {
  readonly q: string;
  /** Only orders of this user, who must not learn anything about other orders. */
  readonly userId?: string;
}

/**
 * Returns a page of the orders of which a field equals a text, newest first. The cost of a page
 * depends on its size. For one user, all of their orders are compared: neither a cursor nor its
 * presence may reveal the orders of others. Returns 'invalid-cursor' if this query did not issue
 * the cursor.
 */
export async function lookUpOrders(
  models: ReadModels,
  query: LookupQuery,
  limit: number,
  cursor?: string,
): Promise<OrderPage | 'invalid-cursor'> {
  const cursorOf = ['lookup', query];
  let before: string | undefined;
  if (cursor !== undefined) {
    before = decodeCursor(cursor, cursorOf);
    if (before === undefined) return 'invalid-cursor';
  }
  const { q, userId } = query;
  // This text replaces erased data in the orders of all forgotten persons.
  if (q === erasedText) return { orders: [], nextCursor: null };
  return fromLive(models, orderStatus, (live) => {
    /** The members of the orders with a payment that has this reference: orders do not show it. */
    const paid = new Set<string>();
    const newestOfUser = async (user: string, end: string | undefined, count: number) => {
      const members = await membersOfUser(live, models.partitions, user, end, count);
      for (const member of await membersPaidWith(models, q, members)) paid.add(member);
      return members;
    };
    let idMember: Promise<string | undefined> | undefined;
    const newestOfAll = async (end: string | undefined, count: number) => {
      // It is the same for all reads of the page.
      idMember ??= memberOfId(live, models.partitions, q);
      const [byId, byUser, byText] = await Promise.all([
        idMember,
        membersOfUser(live, models.partitions, q, end, count),
        membersOfText(models, q, end, count),
      ]);
      for (const member of byText.payment_reference) paid.add(member);
      const ofId = byId !== undefined && (end === undefined || byId < end) ? [byId] : [];
      const all = [...ofId, ...byUser, ...Object.values(byText).flat()];
      return [...new Set(all)].sort((a, b) => (a < b ? 1 : -1)).slice(0, count);
    };
    const show = (order: Order, member: string) => {
      if (userId !== undefined && order.userId !== userId) return undefined;
      const fields = matchedBy(order, q, paid.has(member));
      if (fields.length === 0) return undefined;
      return `${orderJson(order).slice(0, -1)},"matched_by":${JSON.stringify(fields)}}`;
    };
    const newest = (end: string | undefined, count: number) =>
      userId === undefined ? newestOfAll(end, count) : newestOfUser(userId, end, count);
    const needsDetails = (order: Order) => userId === undefined || order.userId === userId;
    const source = { newest, needsDetails, show, encodeCursor: (member: string) => encodeCursor(member, cursorOf) };
    return pageOf(live, models.partitions, source, limit, before);
  });
}

function matchedBy(order: Order, q: string, isPaid: boolean): MatchedField[] {
  const matched: Record<MatchedField, boolean> = {
    order_id: isUuid(q) && order.orderId === canonicalUuid(q),
    reference: order.reference === q,
    payment_reference: isPaid,
    tracking_number: order.shipments.some(({ trackingNumber }) => trackingNumber === q),
    user_id: order.userId === q,
  };
  return matchedFields.filter((field) => matched[field]);
}

async function memberOfId(live: GenerationReader, partitions: number, q: string): Promise<string | undefined> {
  if (!isUuid(q)) return undefined;
  const orderId = canonicalUuid(q);
  const { found } = await readOrders(live, partitions, [orderId], () => false);
  return found[0] && placedMember(found[0].placedAt, orderId);
}

// Async, so that a partition that is being filled rejects it: an error thrown at once would leave
// the queries beside it without a handler of theirs.
async function membersOfUser(
  live: GenerationReader,
  partitions: number,
  userId: string,
  end: string | undefined,
  count: number,
): Promise<string[]> {
  const rangesOf = (partition: number) => [
    rangeOf(orderStatusKeys(live.keys(partition)).users(userId), userMember(userId, ''), '', end),
  ];
  return newestMembers(live, partitions, rangesOf, count);
}

/** Those of some members whose orders have a payment with a reference. */
async function membersPaidWith(models: ReadModels, reference: string, members: readonly string[]): Promise<string[]> {
  if (members.length === 0) return [];
  const prefix = textPrefix(reference, 'payment_reference');
  return fromLive(models, orderLookup, async (live) => {
    const scores = await live.read(
      members.map((member) => {
        const partition = orderPartition(memberOrderId(member), models.partitions);
        return ['ZSCORE', orderLookupKeys(live.keys(partition)).texts(reference), prefix + member];
      }),
    );
    return members.filter((_, nth) => scores[nth] !== null);
  });
}

/** Reads the three kinds of texts, which share a sorted set, in one round trip. */
async function membersOfText(
  models: ReadModels,
  q: string,
  end: string | undefined,
  count: number,
): Promise<Record<TextKind, string[]>> {
  return fromLive(models, orderLookup, async (live) => {
    const members = (kind: TextKind) =>
      membersWithText(live, models.partitions, { kind, text: q }, { first: '', end }, count);
    const [reference, payment, tracking] = await Promise.all([
      members('reference'),
      members('payment_reference'),
      members('tracking_number'),
    ]);
    return { reference, payment_reference: payment, tracking_number: tracking };
  });
}
