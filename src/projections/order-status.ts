import { evolve } from '../orders/evolve.js';
import { type Order, paymentStatus } from '../orders/order.js';
import type { PartitionKeys } from '../read-models/keys.js';
import {
  decodeOrder,
  encodeOrder,
  orderStatus,
  orderStatusKeys,
  placedMember,
  readableOrderEntry,
  userMember,
} from '../read-models/order-status.js';
import type { RedisCommand } from '../read-models/redis.js';
import type { Projection } from './projection.js';

type Orders = ReadonlyMap<string, Order>;

/** Keeps each order, and the sorted sets that the list query reads, up to date. */
export const orderStatusProjection: Projection<Orders> = {
  ...orderStatus,
  readable: readableOrderEntry,

  async load(events, partitionKeys, read) {
    const { order: orderKey } = orderStatusKeys(partitionKeys);
    const known = existingOrders(events.map(({ event }) => event));
    const texts = await read(known.map((orderId) => ['HGET', ...orderKey(orderId)]));
    const orders = new Map<string, Order>();
    for (const [index, orderId] of known.entries()) {
      const text = texts[index];
      if (typeof text !== 'string') throw new Error(`order ${orderId} has later events and is not there`);
      orders.set(orderId, decodeOrder(orderId, text));
    }
    return orders;
  },

  fold(events, partitionKeys, before) {
    const after = new Map<string, Order>();
    for (const { event } of events) {
      after.set(event.orderId, evolve(after.get(event.orderId) ?? before.get(event.orderId), event));
    }
    return [...after.values()].flatMap((order) => writes(partitionKeys, before.get(order.orderId), order));
  },
};

function writes(partitionKeys: PartitionKeys, before: Order | undefined, order: Order): RedisCommand[] {
  const key = orderStatusKeys(partitionKeys);
  const member = placedMember(order.placedAt, order.orderId);
  const list = key.placedWith(order.status, paymentStatus(order));
  const commands: RedisCommand[] = [['HSET', ...key.order(order.orderId), encodeOrder(order)]];
  if (!before) {
    commands.push(['ZADD', key.placed, 0, member]);
    commands.push(['ZADD', key.users, 0, userMember(order.userId, order.placedAt, order.orderId)]);
    commands.push(['ZADD', list, 0, member]);
    return commands;
  }
  if (order.userId !== before.userId) {
    commands.push(['ZREM', key.users, userMember(before.userId, before.placedAt, order.orderId)]);
    commands.push(['ZADD', key.users, 0, userMember(order.userId, order.placedAt, order.orderId)]);
  }
  const listBefore = key.placedWith(before.status, paymentStatus(before));
  if (list !== listBefore) commands.push(['ZREM', listBefore, member], ['ZADD', list, 0, member]);
  return commands;
}

/** The orders among these events that were placed before the first of them. */
export function existingOrders(events: readonly { orderId: string; version: number }[]): string[] {
  const seen = new Set<string>();
  const existing: string[] = [];
  for (const { orderId, version } of events) {
    if (seen.has(orderId)) continue;
    seen.add(orderId);
    if (version > 1) existing.push(orderId);
  }
  return existing;
}
