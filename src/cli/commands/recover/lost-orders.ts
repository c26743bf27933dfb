import type { Pool } from '../../../event-log/database.js';
import type { OrderDocument } from '../../../orders/order-document.js';
import { getOrderHead } from '../../../queries/get-order.js';
import type { ReadModels } from '../../../queries/live-generation.js';
import { type LostEvent, type LostPart, lostEvents } from './lost-events.js';

/** A lost event, and its order as the read models last knew it. */
export interface LostChange {
  readonly event: LostEvent;
  /** Whether it is the first lost event of its order. */
  readonly isFirstLost: boolean;
  /** Undefined if the read models do not know the order. */
  readonly order: KnownOrder | undefined;
}

export type KnownOrder = Pick<OrderDocument, 'currency' | 'user_id'>;

/** Orders that are read from the read models at once. */
const ordersAtOnce = 50;

/**
 * Yields the lost events partition by partition, in pages. Holds one page at a time, however much
 * was lost.
 */
export async function* lostChanges(
  pool: Pool,
  models: ReadModels,
  parts: readonly LostPart[],
): AsyncGenerator<readonly LostChange[]> {
  for (const part of parts) {
    for await (const events of lostEvents(models, part)) {
      const orderIds = [...new Set(events.map(({ order_id }) => order_id))];
      const kept = await keptVersions(pool, part, orderIds);
      const orders = await knownOrders(models, orderIds);
      yield events.map((event) => ({
        event,
        isFirstLost: event.version === (kept.get(event.order_id) ?? 0) + 1,
        order: orders.get(event.order_id),
      }));
    }
  }
}

/** The version of each order at the end of what the log has kept of a part; none if it is lost. */
async function keptVersions(
  pool: Pool,
  { partition, keptUpTo }: LostPart,
  orderIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  // Takes no lock. The unique index (partition, order_id, version) serves it, once per order.
  const { rows } = await pool.query<{ order_id: string; version: number }>(
    `select o.order_id, e.version
     from unnest($2::uuid[]) as o(order_id)
     cross join lateral (
       select e.version from events e
       where e.partition = $1 and e.order_id = o.order_id and e."position" <= $3
       order by e.version desc limit 1
     ) e`,
    [partition, orderIds, keptUpTo],
  );
  return new Map(rows.map(({ order_id, version }) => [order_id, version]));
}

async function knownOrders(models: ReadModels, orderIds: readonly string[]): Promise<ReadonlyMap<string, KnownOrder>> {
  const known = new Map<string, KnownOrder>();
  for (let from = 0; from < orderIds.length; from += ordersAtOnce) {
    const some = orderIds.slice(from, from + ordersAtOnce);
    const found = await Promise.all(some.map((orderId) => getOrderHead(models, orderId)));
    for (const order of found) {
      if (order) known.set(order.orderId, { currency: order.currency, user_id: order.userId });
    }
  }
  return known;
}
