import type { Order } from '../../orders/order.js';
import { orderJson } from '../../orders/order-document.js';
import { orderStatuses, paymentStatuses } from '../../orders/totals.js';
import { shortTime } from '../../read-models/encoding/short-id.js';
import { orderLookup } from '../../read-models/order-lookup.js';
import { orderStatus, orderStatusKeys, userMember, userStateMember } from '../../read-models/order-status.js';
import type { GenerationReader, MemberRange } from '../generation-reader.js';
import { fromLive, type ReadModels } from '../live-generation.js';
import { decodeCursor, encodeCursor } from './cursor.js';
import { newestMembers, newestOfAll, rangeOf } from './newest-members.js';
import { matches, type OrderFilters } from './order-filters.js';
import { type OrderPage, pageOf } from './order-page.js';
import { membersWithText } from './text-index.js';

/**
 * Returns a page of orders, newest first: by the time of placing, then by id. The cost of a page
 * depends on its size and on the number of partitions, not on the number of orders: indexes serve
 * `reference`, `onHold`, the statuses and the user, also together, but `reference` is compared with
 * each order of a user: neither a cursor nor its presence may reveal the orders of others. The
 * other filters are checked on each order. Returns 'invalid-cursor' if this query with these
 * filters did not issue the cursor.
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
  const { reference, userId } = filters;
  const isByReference = reference !== undefined && userId === undefined;
  const byReference = isByReference ? referenceIndex(models, reference) : undefined;
  return fromLive(models, orderStatus, (live) =>
    readPage(live, models.partitions, filters, limit, before, byReference),
  );
}

/** Reads the newest members of an index between two bounds. */
type ReadIndex = (first: string, end: string | undefined, count: number) => Promise<readonly string[]>;

/**
 * @param start the index member after which the page begins.
 * @param index the index to read instead of those of the generation.
 */
export async function readPage(
  generation: GenerationReader,
  partitions: number,
  filters: OrderFilters,
  limit: number,
  start: string | undefined,
  index: ReadIndex = statusIndexes(generation, partitions, filters),
): Promise<OrderPage> {
  const { placedFromMs, placedToMs } = filters;
  const first = placedFromMs === undefined ? '' : shortTime(placedFromMs);
  const end = placedToMs === undefined ? undefined : shortTime(placedToMs);
  const source = {
    newest: (before: string | undefined, count: number) => index(first, before ?? end, count),
    needsDetails: (order: Order) => matches(order, filters),
    show: (order: Order) => (matches(order, filters) ? orderJson(order) : undefined),
    encodeCursor: (member: string) => encodeCursor(member, filters),
  };
  return pageOf(generation, partitions, source, limit, start);
}

/** The orders with a reference. They are in another read model. */
function referenceIndex(models: ReadModels, reference: string): ReadIndex {
  const wanted = { kind: 'reference', text: reference } as const;
  return (first, end, count) =>
    fromLive(models, orderLookup, (live) => membersWithText(live, models.partitions, wanted, { first, end }, count));
}

function statusIndexes(generation: GenerationReader, partitions: number, filters: OrderFilters): ReadIndex {
  const { userId, statuses, paymentStatuses, onHold } = filters;
  const isOfAll = userId === undefined && !statuses && !paymentStatuses && !onHold;
  return (first, end, count) => {
    const rangesOf = (partition: number) => statusRanges(generation, partition, filters, first, end);
    return isOfAll
      ? newestOfAll(generation, partitions, rangesOf, first, end, count)
      : newestMembers(generation, partitions, rangesOf, count);
  };
}

/** Returns the ranges of a partition that together hold all orders that the filters can match. */
function statusRanges(
  generation: GenerationReader,
  partition: number,
  { userId, statuses, paymentStatuses: payments, onHold }: OrderFilters,
  first: string,
  end: string | undefined,
): MemberRange[] {
  const keys = orderStatusKeys(generation.keys(partition));
  const ofUser = userId === undefined ? '' : userMember(userId, '');
  // Few orders are on hold, so their index serves best whatever else is wanted.
  if (onHold) return [rangeOf(userId === undefined ? keys.held : keys.heldUsers, ofUser, first, end)];
  if (!statuses && !payments && userId !== undefined) return [rangeOf(keys.users(userId), ofUser, first, end)];
  return (statuses ?? orderStatuses).flatMap((status) =>
    (payments ?? paymentStatuses).map((payment) =>
      userId === undefined
        ? rangeOf(keys.placedWith(status, payment), '', first, end)
        : rangeOf(keys.userStates(userId), userStateMember(userId, status, payment, ''), first, end),
    ),
  );
}
