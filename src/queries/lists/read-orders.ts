import type { Order } from '../../orders/order.js';
import { orderPartition } from '../../orders/values/partition.js';
import { decodeOrder } from '../../read-models/encoding/encoded-order.js';
import { orderStatusKeys } from '../../read-models/order-status.js';
import type { GenerationReader } from '../generation-reader.js';
import { queryLimits as limits } from '../limits.js';

/** Orders that were read, undefined for those that do not exist, and their size. */
export interface OrdersRead {
  readonly found: readonly (Order | undefined)[];
  readonly bytes: number;
}

/**
 * Reads the first of these orders: as many as `maxReadBytes` allow, but at least one. Redis tells
 * the sizes first, unless the orders are so few that they cannot be large together.
 */
export async function readOrders(
  generation: GenerationReader,
  partitions: number,
  orderIds: readonly string[],
): Promise<OrdersRead> {
  const entries = orderIds.map((orderId) =>
    orderStatusKeys(generation.keys(orderPartition(orderId, partitions))).order(orderId),
  );
  let fitting = entries.length;
  if (fitting > limits.maxUnmeasuredReads) {
    const sizes = await generation.read(entries.map((entry) => ['HSTRLEN', ...entry]));
    fitting = countFitting(sizes.map(Number), limits.maxReadBytes);
  }
  const texts = await generation.read(entries.slice(0, fitting).map((entry) => ['HGET', ...entry]));
  let bytes = 0;
  const found = texts.map((text, index) => {
    if (typeof text !== 'string') return undefined;
    bytes += text.length;
    return decodeOrder(orderIds[index] ?? '', text);
  });
  return { found, bytes };
}

/** How many of these sizes, from the first one on, fit into a budget; at least one. */
function countFitting(sizes: readonly number[], budget: number): number {
  let sum = 0;
  for (const [index, size] of sizes.entries()) {
    sum += size;
    if (sum > budget && index > 0) return index;
  }
  return sizes.length;
}
