import type { Order } from '../orders/order.js';
import { orderJson } from '../orders/order-document.js';
import { orderPartition } from '../orders/values/partition.js';
import { decodeHead, decodeOrder } from '../read-models/encoding/encoded-order.js';
import { orderStatus, orderStatusKeys } from '../read-models/order-status.js';
import { fromLive, type ReadModels } from './live-generation.js';

/** Returns the current order as JSON text, with its version, or undefined if it does not exist. */
export async function getOrder(
  models: ReadModels,
  orderId: string,
): Promise<{ json: string; version: number; userId: string } | undefined> {
  const partition = orderPartition(orderId, models.partitions);
  // One command reads the order and its details as they are at one moment.
  const [texts] = await fromLive(models, orderStatus, (live) => {
    const key = orderStatusKeys(live.keys(partition));
    const [, details] = key.details(orderId);
    return live.read([['HMGET', ...key.order(orderId), details]]);
  });
  const [text, details] = texts as (string | null)[];
  if (typeof text !== 'string') return undefined;
  const order = decodeOrder(orderId, text, details);
  return { json: orderJson(order), version: order.version, userId: order.userId };
}

/** Reads the current order without its lines and other details, if they are many. */
export async function getOrderHead(models: ReadModels, orderId: string): Promise<Order | undefined> {
  const partition = orderPartition(orderId, models.partitions);
  const [text] = await fromLive(models, orderStatus, (live) =>
    live.read([['HGET', ...orderStatusKeys(live.keys(partition)).order(orderId)]]),
  );
  return typeof text === 'string' ? decodeHead(orderId, text).order : undefined;
}
