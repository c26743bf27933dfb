import { orderJson } from '../orders/order-document.js';
import { orderPartition } from '../orders/values/partition.js';
import { decodeOrder } from '../read-models/encoding/encoded-order.js';
import { orderStatus, orderStatusKeys } from '../read-models/order-status.js';
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
