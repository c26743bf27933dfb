import type { Order } from '../../orders/order.js';
import { orderPartition } from '../../orders/values/partition.js';
import { damageMark } from '../../read-models/order-buckets.js';
import { type HistoryEntry, orderHistory } from '../../read-models/order-history.js';
import { sliceFor } from '../../yield-to-event-loop.js';
import { fromLive, type ReadModels } from '../live-generation.js';
import { applyEntry, historyEntries, readPositions } from './get-order-history.js';

/**
 * Returns an order after the event of a version, by default after all its events. Undefined if its
 * history has no such version.
 */
export async function foldToVersion(models: ReadModels, orderId: string, version?: number): Promise<Order | undefined> {
  const positions = await readPositions(models, orderId);
  if (version !== undefined && version > positions.length) return undefined;
  return fold(models, orderId, positions.slice(0, version));
}

/**
 * Returns an order after all events recorded up to a time (RFC 3339 UTC with milliseconds).
 * Undefined if its history has no events, which it may still get.
 */
export async function foldToTime(
  models: ReadModels,
  orderId: string,
  at: string,
): Promise<Order | 'not-yet-placed' | undefined> {
  const positions = await readPositions(models, orderId);
  if (positions.length === 0) return undefined;
  return (await fold(models, orderId, positions, at)) ?? 'not-yet-placed';
}

/**
 * Folds events page by page: memory does not grow with the history, and the fold yields to the
 * event loop. Ends before the first event recorded after `until`.
 */
async function fold(
  models: ReadModels,
  orderId: string,
  positions: readonly number[],
  until?: string,
): Promise<Order | undefined> {
  const partition = orderPartition(orderId, models.partitions);
  const recordedBy = ({ position, recorded_at }: HistoryEntry) =>
    models.epochs.recordedBy(partition, position, recorded_at);
  let order: Order | undefined;
  for await (const { entries, bytes } of historyEntries(models, orderId, positions)) {
    const slice = await sliceFor(bytes);
    for (const entry of entries) {
      if (until !== undefined && recordedBy(entry) > until) return order;
      if (slice.isOver) await slice.yield();
      order = applyEntry(order, orderId, partition, entry);
    }
  }
  return order;
}

/**
 * The Event-Position of an event of the order that an operator has skipped in the histories: this
 * one and those after it are missing. Undefined if none was skipped.
 */
export async function skippedInHistory(models: ReadModels, orderId: string): Promise<string | undefined> {
  const partition = orderPartition(orderId, models.partitions);
  const [damagedAt] = await fromLive(models, orderHistory, (live) =>
    live.read([['HGET', ...damageMark(live.keys(partition), orderId)]]),
  );
  return typeof damagedAt === 'string' ? models.epochs.format(partition, Number(damagedAt)) : undefined;
}
