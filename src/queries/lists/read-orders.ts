import type { Order } from '../../orders/order.js';
import { orderPartition } from '../../orders/values/partition.js';
import { decodeHead, decodeOrder } from '../../read-models/encoding/encoded-order.js';
import { orderStatusKeys } from '../../read-models/order-status.js';
import { sliceFor } from '../../yield-to-event-loop.js';
import type { GenerationReader } from '../generation-reader.js';
import { queryLimits as limits } from '../limits.js';

/** Orders that were read, undefined for those that do not exist, and their size. */
export interface OrdersRead {
  readonly found: readonly (Order | undefined)[];
  readonly bytes: number;
}

/**
 * Reads the first of these orders: as many as `maxHeadsPerRead` and `maxReadBytes` allow, but at
 * least one. Redis tells the sizes of large details first. The first entries are small.
 *
 * @param needsDetails whether the details of an order are needed, such as its lines. It is asked
 *   with the order as it is without them. The other orders are returned without their details, if
 *   those are large.
 */
export async function readOrders(
  generation: GenerationReader,
  partitions: number,
  orderIds: readonly string[],
  needsDetails: (order: Order) => boolean,
): Promise<OrdersRead> {
  const ofPartition = new Map<number, ReturnType<typeof orderStatusKeys>>();
  const keys = orderIds.slice(0, limits.maxHeadsPerRead).map((orderId) => {
    const partition = orderPartition(orderId, partitions);
    const known = ofPartition.get(partition) ?? orderStatusKeys(generation.keys(partition));
    ofPartition.set(partition, known);
    return known;
  });
  const texts = await generation.read(keys.map((key, index) => ['HGET', ...key.order(orderIds[index] ?? '')]));
  const headBytes = texts.reduce<number>((sum, text) => sum + (typeof text === 'string' ? text.length : 0), 0);
  const slice = await sliceFor(headBytes);
  const found: (ReturnType<typeof decodeHead> | undefined)[] = [];
  for (const [index, text] of texts.entries()) {
    if (slice.isOver) await slice.yield();
    found.push(typeof text === 'string' ? decodeHead(orderIds[index] ?? '', text) : undefined);
  }
  const large = found.flatMap((one, index) => {
    if (!one || one.detailsVersion === 0 || !needsDetails(one.order)) return [];
    const orderId = orderIds[index] ?? '';
    return [{ index, orderId, entry: keys[index]?.order(orderId), details: keys[index]?.details(orderId) }];
  });
  if (large.length === 0) return { found: found.map((one) => one?.order), bytes: headBytes };
  const fitting = await countFitting(
    generation,
    large.map(({ details }) => details ?? ['', '']),
  );
  // The order may have changed since its head was read: one command reads both entries again.
  const read = large.slice(0, fitting);
  const pairs = await generation.read(
    read.map(({ entry = ['', ''], details: [, field] = ['', ''] }) => ['HMGET', ...entry, field]),
  );
  const detailBytes = pairs.reduce<number>((sum, pair) => sum + ((pair as (string | null)[])[1]?.length ?? 0), 0);
  const decoding = await sliceFor(detailBytes);
  const whole = new Map<number, Order | undefined>();
  for (const [nth, { index, orderId }] of read.entries()) {
    if (decoding.isOver) await decoding.yield();
    const [text, details] = pairs[nth] as (string | null)[];
    whole.set(index, typeof text === 'string' ? decodeOrder(orderId, text, details) : undefined);
  }
  // The orders before the first one that does not fit.
  const end = large[fitting]?.index ?? found.length;
  return {
    found: found.slice(0, end).map((one, index) => (whole.has(index) ? whole.get(index) : one?.order)),
    bytes: headBytes + detailBytes,
  };
}

type HashEntry = readonly [hash: string, field: string];

/** How many of these entries, from the first one on, fit into `maxReadBytes`; at least one. */
async function countFitting(generation: GenerationReader, entries: readonly HashEntry[]): Promise<number> {
  if (entries.length <= limits.maxUnmeasuredReads) return entries.length;
  const sizes = await generation.read(entries.map((entry) => ['HSTRLEN', ...entry]));
  let sum = 0;
  for (const [index, size] of sizes.entries()) {
    sum += Number(size);
    if (sum > limits.maxReadBytes && index > 0) return index;
  }
  return sizes.length;
}
