import { fold } from '../orders/evolve.js';
import { type OrderDocument, orderDocument, orderJson } from '../orders/order-document.js';
import { orderPartition } from '../orders/values/partition.js';
import { decodeOrder, orderStatus, orderStatusKeys } from '../read-models/order-status.js';
import { readHistory, recordedFromEntry } from './history/get-order-history.js';
import { fromLive, type ReadModels } from './live-generation.js';

/** Returns the current order as JSON text, with its version, or undefined if it does not exist. */
export async function getOrder(
  models: ReadModels,
  orderId: string,
): Promise<{ json: string; version: number } | undefined> {
  const partition = orderPartition(orderId, models.partitions);
  const [text] = await fromLive(models, orderStatus, (live) =>
    live.read([['HGET', ...orderStatusKeys(live.keys(partition)).order(orderId)]]),
  );
  if (typeof text !== 'string') return undefined;
  const order = decodeOrder(orderId, text);
  return { json: orderJson(order), version: order.version };
}

/**
 * A moment in an order's history: after the event of a version, or after all events recorded up to
 * a time (RFC 3339 UTC with milliseconds).
 */
export type Moment = { readonly version: number } | { readonly at: string };

/** Returns the order as of a moment, or undefined if it did not exist or has no such version. */
export async function getOrderThen(
  models: ReadModels,
  orderId: string,
  moment: Moment,
): Promise<OrderDocument | undefined> {
  const entries = await readHistory(models, orderId, 'version' in moment ? moment.version : undefined);
  const then = 'at' in moment ? entries.filter(({ recorded_at }) => recorded_at <= moment.at) : entries;
  if ('version' in moment && then.length !== moment.version) return undefined;
  const order = fold(then.map((entry) => recordedFromEntry(orderId, entry)));
  return order && orderDocument(order);
}
