import type { EventEnvelope, OrderEvent } from '../orders/events.js';
import { fold } from '../orders/evolve.js';
import type { Order } from '../orders/order.js';
import { type OrderStatus, type PaymentStatus, paymentStatus } from '../orders/totals.js';
import { decodeOrder, encodeOrder } from '../read-models/encoding/encoded-order.js';
import { shortId } from '../read-models/encoding/short-id.js';
import type { PartitionKeys } from '../read-models/keys.js';
import {
  orderStatus,
  orderStatusKeys,
  placedMember,
  readableOrderEntry,
  userMember,
  userStateMember,
} from '../read-models/order-status.js';
import type { RedisCommand } from '../read-models/redis/redis-command.js';
import type { Projection } from './projection.js';
import { rememberedOrders } from './remembered-orders.js';

/** By the order's id. */
type Orders = Map<string, Order>;

/**
 * Keeps the present state of each order, and the sorted sets that the list of orders is read from.
 */
export const orderStatusProjection: Projection<Orders> = {
  ...orderStatus,
  readable: readableOrderEntry,

  load(events, partitionKeys, read, last) {
    const { order: orderKey } = orderStatusKeys(partitionKeys);
    return rememberedOrders(events, (orderId) => last?.get(orderId), read, orderKey, decodeOrder);
  },

  project(events, partitionKeys, orders) {
    const byOrder = new Map<string, { events: (OrderEvent & EventEnvelope)[]; position: number }>();
    for (const { stored, event } of events) {
      const ofOrder = byOrder.get(event.orderId);
      if (!ofOrder) byOrder.set(event.orderId, { events: [event], position: stored.position });
      else {
        ofOrder.events.push(event);
        ofOrder.position = stored.position;
      }
    }
    const writes = new OrderWrites(partitionKeys);
    for (const [orderId, ofOrder] of byOrder) {
      const before = orders.get(orderId);
      const order = fold(ofOrder.events, before);
      if (!order) continue;
      writes.add(before, order, ofOrder.position);
      orders.set(orderId, order);
    }
    return writes.commands();
  },
};

/**
 * Collects the writes of a step: one per order, and one per sorted set for all added or removed
 * members.
 */
class OrderWrites {
  readonly #key: ReturnType<typeof orderStatusKeys>;
  readonly #orders: RedisCommand[] = [];
  /**
   * By sorted set: scores and members. A set never gets and loses the same member, so their
   * order is free.
   */
  readonly #added = new Map<string, (string | number)[]>();
  readonly #removed = new Map<string, string[]>();
  /** Positions and short ids of the orders, for the index by update. */
  readonly #updated: (number | string)[] = [];
  /**
   * The name of each sorted set, so that a step builds it once. Equal names are also the same
   * string.
   */
  readonly #lists = new Map<OrderStatus, Map<PaymentStatus, string>>();

  constructor(partitionKeys: PartitionKeys) {
    this.#key = orderStatusKeys(partitionKeys);
  }

  /** @param position the position of the order's last event. */
  add(before: Order | undefined, order: Order, position: number): void {
    const { orderId, placedAt } = order;
    const member = placedMember(placedAt, orderId);
    const list = this.#listOf(order);
    const listBefore = before && this.#listOf(before);
    this.#orders.push(['HSET', ...this.#key.order(orderId), encodeOrder(order)]);
    if (list !== listBefore) this.#addTo(list, member);
    if (listBefore !== undefined && list !== listBefore) this.#removeFrom(listBefore, member);
    this.#updated.push(position, shortId(orderId));
    this.#addUserOf(before, order, member);
  }

  #addUserOf(before: Order | undefined, order: Order, member: string): void {
    const isSameState = before && this.#listOf(before) === this.#listOf(order);
    if (isSameState && before.userId === order.userId && before.onHold === order.onHold) return;
    const indexes = (one: Order | undefined): ReadonlyMap<string, string> => {
      if (!one) return new Map();
      const { userId, onHold } = one;
      const entries: [string, string][] = [
        [this.#key.users(userId), userMember(userId, member)],
        [this.#key.userStates(userId), userStateMember(userId, one.status, paymentStatus(one), member)],
      ];
      if (onHold) entries.push([this.#key.held, member], [this.#key.heldUsers, userMember(userId, member)]);
      return new Map(entries);
    };
    const [last, now] = [indexes(before), indexes(order)];
    for (const [set, entry] of now) if (last.get(set) !== entry) this.#addTo(set, entry);
    for (const [set, entry] of last) if (now.get(set) !== entry) this.#removeFrom(set, entry);
  }

  #listOf(order: Order): string {
    const payment = paymentStatus(order);
    const ofStatus = this.#lists.get(order.status) ?? new Map<PaymentStatus, string>();
    this.#lists.set(order.status, ofStatus);
    const list = ofStatus.get(payment) ?? this.#key.placedWith(order.status, payment);
    ofStatus.set(payment, list);
    return list;
  }

  #addTo(set: string, member: string): void {
    const members = this.#added.get(set);
    if (members) members.push(0, member);
    else this.#added.set(set, [0, member]);
  }

  #removeFrom(set: string, member: string): void {
    const members = this.#removed.get(set);
    if (members) members.push(member);
    else this.#removed.set(set, [member]);
  }

  commands(): RedisCommand[] {
    const commands = this.#orders;
    for (const [set, members] of this.#removed) commands.push(['ZREM', set, ...members]);
    for (const [set, members] of this.#added) commands.push(['ZADD', set, ...members]);
    if (this.#updated.length > 0) commands.push(['ZADD', this.#key.updated, ...this.#updated]);
    return commands;
  }
}
