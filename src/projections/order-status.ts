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
import { rememberedOrders } from './remembered-orders.js';

/** By id. */
type Orders = Map<string, Order>;

/** Keeps each order, and the sorted sets that the list query reads, up to date. */
export const orderStatusProjection: Projection<Orders> = {
  ...orderStatus,
  readable: readableOrderEntry,

  load(events, partitionKeys, read, last) {
    const { order: orderKey } = orderStatusKeys(partitionKeys);
    return rememberedOrders(
      events,
      (orderId) => last?.get(orderId),
      async (orderIds) => {
        const texts = await read(orderIds.map((orderId) => ['HGET', ...orderKey(orderId)]));
        return orderIds.map((orderId, index) => {
          const text = texts[index];
          if (typeof text !== 'string') throw new Error(`order ${orderId} has later events and is not there`);
          return decodeOrder(orderId, text);
        });
      },
    );
  },

  fold(events, partitionKeys, orders) {
    const after = new Map<string, Order>();
    for (const { event } of events) {
      after.set(event.orderId, evolve(after.get(event.orderId) ?? orders.get(event.orderId), event));
    }
    return [...after].flatMap(([orderId, order]) => {
      const before = orders.get(orderId);
      orders.set(orderId, order);
      return writes(partitionKeys, before, order);
    });
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
