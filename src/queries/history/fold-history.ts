import type { Order } from '../../orders/order.js';
import { orderPartition } from '../../orders/values/partition.js';
import { damageMark } from '../../read-models/order-buckets.js';
import { type HistoryEntry, orderHistory } from '../../read-models/order-history.js';
import { sliceFor } from '../../yield-to-event-loop.js';
import { fromLive, type ReadModels } from '../live-generation.js';
import { applyEntry, historyEntries, readPositions } from './get-order-history.js';

/**
 * A moment in an order's history: after the event of a version, or after all events recorded up to
 * a time (RFC 3339 UTC with milliseconds).
 */
export type Moment = { readonly version: number } | { readonly at: string };

/**
 * Folds an order's history up to a moment, page by page: memory does not grow with the history, and
 * the fold yields to the event loop. Returns undefined if the order did not exist at that time or
 * has no such version.
 */
export async function foldUpTo(models: ReadModels, orderId: string, moment: Moment): Promise<Order | undefined> {
  const positions = await readPositions(models, orderId);
  if ('version' in moment && moment.version > positions.length) return undefined;
  const wanted = 'version' in moment ? positions.slice(0, moment.version) : positions;
  const partition = orderPartition(orderId, models.partitions);
  const recordedBy = ({ position, recorded_at }: HistoryEntry) =>
    models.epochs.recordedBy(partition, position, recorded_at);
  let order: Order | undefined;
  for await (const { entries, bytes } of historyEntries(models, orderId, wanted)) {
    const slice = await sliceFor(bytes);
    for (const entry of entries) {
      if ('at' in moment && recordedBy(entry) > moment.at) return order;
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
