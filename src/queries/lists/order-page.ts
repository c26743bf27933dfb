import { list, nullable, object, text } from '../../json-schema.js';
import type { Order } from '../../orders/order.js';
import { orderSchema } from '../../orders/order-document.js';
import { memberOrderId } from '../../read-models/order-status.js';
import { sliceFor } from '../../yield-to-event-loop.js';
import type { GenerationReader } from '../generation-reader.js';
import { queryLimits as limits } from '../limits.js';
import { readOrders } from './read-orders.js';

export const orderPageSchema = object({
  orders: list(orderSchema),
  next_cursor: {
    ...nullable(text),
    description: 'The cursor of the next page; null on the last page, and never null with sort=updated.',
  },
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

/** The orders that a page is read from, newest first. */
export interface OrderSource {
  /** The index members of the newest orders that were placed before a member. */
  newest(before: string | undefined, count: number): Promise<readonly string[]>;
  /** Whether `show` needs the lines of an order, which the parameter may lack. */
  needsDetails(order: Order): boolean;
  /**
   * The JSON text of an order in the page. Undefined if the order does not belong there: it may
   * have changed after its index entry was read.
   */
  show(order: Order, member: string): string | undefined;
  encodeCursor(member: string): string;
}

/**
 * Reads a page. It ends early at `maxPageLength`, and where `maxScannedPerPage` orders or
 * `maxScannedBytes` of orders do not belong there.
 * @param start the index member after which the page begins.
 */
export async function pageOf(
  generation: GenerationReader,
  partitions: number,
  source: OrderSource,
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
    const members = await source.newest(before, wanted);
    for (let at = 0; at < members.length; ) {
      const orderIds = members.slice(at).map(memberOrderId);
      const { found, bytes } = await readOrders(generation, partitions, orderIds, source.needsDetails);
      const slice = await sliceFor(bytes);
      for (const order of found) {
        if (slice.isOver) await slice.yield();
        const json = order && source.show(order, members[at] ?? '');
        if (json !== undefined) {
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
    return { orders, nextCursor: source.encodeCursor(member) };
  }
}
