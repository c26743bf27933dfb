import { isKeyReservation } from '../event-log/key-reservation.js';
import { Overloaded } from '../event-log/overloaded.js';
import { type ReadStream, streamPages } from '../event-log/read/read-stream.js';
import { FairSemaphore } from '../fair-semaphore.js';
import { TimeSlice } from '../yield-to-event-loop.js';
import { commandLimits as limits } from './limits.js';
import type { OrderCache } from './order-cache.js';
import { foldInto, noOrder, type OrderState } from './order-state.js';

/**
 * Loads an order and runs a command on it. Resolves with `key-reserved` if the stream is no order,
 * but has the reservations of an Idempotency-Key.
 *
 * @param owner the caller. Callers take turns with long orders.
 */
export type WithOrder = <T>(
  orderId: string,
  owner: string,
  use: (state: OrderState) => Promise<T>,
) => Promise<T | 'key-reserved'>;

const waitLimit = {
  ms: limits.maxLongOrderWaitMs,
  tooLong: () =>
    new Overloaded('seconds of waiting behind other commands on long orders', limits.maxLongOrderWaitMs / 1_000),
};

/**
 * Orders whose stream fits into the first page are folded by each command: that is one read of
 * a few events. A longer stream is read page by page, and its folded order is kept in a cache. Each
 * further command reads only the events after the kept version. It also reads the hash of the event
 * at that version: if the log has another event there, the kept order is dropped and the stream is
 * read from its beginning.
 *
 * Few commands on long orders run at once, since each may hold a large order in memory.
 */
export function createWithOrder(readStream: ReadStream, cache: OrderCache | undefined): WithOrder {
  const longOrders = new FairSemaphore(limits.maxLongOrdersInFlight);

  return async (orderId, owner, use) => {
    const kept = cache?.has(orderId) ?? false;
    if (!kept) {
      const page = await readStream(orderId);
      const [first] = page.events;
      if (first && isKeyReservation(first)) return 'key-reserved';
      if (page.isLast) return use(foldInto(noOrder, page.events));
    }
    if (longOrders.waiting >= limits.maxWaitingForLongOrders) {
      throw new Overloaded('waiting commands on long orders', limits.maxWaitingForLongOrders);
    }
    return longOrders.run(owner, 1, async () => use(await loadLongOrder(orderId)), waitLimit);
  };

  async function loadLongOrder(orderId: string): Promise<OrderState> {
    // Nobody else uses the state meanwhile: it is in the cache again once it is complete.
    const kept = cache?.take(orderId);
    const state = (kept && (await continued(orderId, kept))) ?? (await continued(orderId, noOrder)) ?? noOrder;
    cache?.set(orderId, state);
    return state;
  }

  /** Folds the rest of the stream. Undefined if the log has another event at the state's end. */
  async function continued(orderId: string, from: OrderState): Promise<OrderState | undefined> {
    let state = from;
    for await (const { events, hashBefore } of streamPages(readStream, orderId, from.last?.version)) {
      if (state === from && from.last && !hashBefore?.equals(from.last.hash)) return undefined;
      // Hundreds of large events take a while to fold.
      const slice = new TimeSlice();
      for (let at = 0; at < events.length; at += limits.maxFoldedAtOnce) {
        if (slice.isOver) await slice.yield();
        state = foldInto(state, events.slice(at, at + limits.maxFoldedAtOnce));
      }
    }
    return state;
  }
}

/**
 * Folds an order as it was at a version. It reads the stream up to there, page by page.
 * @throws if the stream has no such version.
 */
export async function loadOrderAt(readStream: ReadStream, orderId: string, version: number): Promise<OrderState> {
  let state = noOrder;
  const slice = new TimeSlice();
  for await (const { events } of streamPages(readStream, orderId)) {
    for (const event of events) {
      if (slice.isOver) await slice.yield();
      state = foldInto(state, [event]);
      if (event.version === version) return state;
    }
  }
  throw new Error(`order ${orderId}: the stream has no version ${version}`);
}
