import { fold } from '../orders/evolve.js';
import { type OrderDocument, orderDocument, orderJson } from '../orders/order-document.js';
import { orderPartition } from '../orders/values/partition.js';
import { decodeOrder, orderStatus, orderStatusKeys } from '../read-models/order-status.js';
import { readHistory, recordedFromEntry } from './get-order-history.js';
import { fromLive, type ReadModels } from './live-generation.js';

/** The order as it is now, as JSON text, with its version; undefined where there is none. */
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

/** A moment in an order's life: after its n-th event, or as recorded by a time (RFC 3339 UTC with milliseconds). */
export type Moment = { readonly version: number } | { readonly at: string };

/** The order as it was then. Undefined where it did not exist, or had no such version yet. */
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
