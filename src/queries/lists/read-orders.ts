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
 * Reads the first of these orders: as many as `maxReadBytes` allow, but at least one. Redis tells
 * the sizes first, unless the orders are so few that they cannot be large together.
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
  const keys = orderIds.map((orderId) => orderStatusKeys(generation.keys(orderPartition(orderId, partitions))));
  const heads = await readFitting(
    generation,
    orderIds.map((orderId, index) => keys[index]?.order(orderId) ?? ['', '']),
  );
  const slice = await sliceFor(heads.bytes);
  const found: (ReturnType<typeof decodeHead> | undefined)[] = [];
  for (const [index, text] of heads.texts.entries()) {
    if (slice.isOver) await slice.yield();
    found.push(typeof text === 'string' ? decodeHead(orderIds[index] ?? '', text) : undefined);
  }
  const large = found.flatMap((one, index) => {
    if (!one || one.detailsVersion === 0 || !needsDetails(one.order)) return [];
    const orderId = orderIds[index] ?? '';
    return [{ index, orderId, entry: keys[index]?.order(orderId), details: keys[index]?.details(orderId) }];
  });
  if (large.length === 0) return { found: found.map((one) => one?.order), bytes: heads.bytes };
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
    bytes: heads.bytes + detailBytes,
  };
}

type HashEntry = readonly [hash: string, field: string];

/** Reads the first of these entries, as many as fit. */
async function readFitting(
  generation: GenerationReader,
  entries: readonly HashEntry[],
): Promise<{ texts: readonly unknown[]; bytes: number }> {
  const fitting = await countFitting(generation, entries);
  const texts = await generation.read(entries.slice(0, fitting).map((entry) => ['HGET', ...entry]));
  return { texts, bytes: texts.reduce<number>((sum, text) => sum + (typeof text === 'string' ? text.length : 0), 0) };
}

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
