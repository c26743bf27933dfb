import type { EventEnvelope, OrderEvent } from '../orders/events.js';
import { fold } from '../orders/evolve.js';
import type { Order } from '../orders/order.js';
import { type OrderStatus, type PaymentStatus, paymentStatus } from '../orders/totals.js';
import {
  decodeHead,
  decodeOrder,
  encodeDetails,
  encodeHead,
  encodeOrder,
  hasOwnDetails,
} from '../read-models/encoding/encoded-order.js';
import { shortId } from '../read-models/encoding/short-id.js';
import type { PartitionKeys } from '../read-models/keys.js';
import {
  newestEntries,
  oldestMember,
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

/** An order as the projection has loaded it. */
interface KnownOrder {
  /** Without its details if the events of the step do not need them. */
  readonly order: Order;
  /** The version since which the details have an entry of their own; 0 if they have none. */
  readonly detailsVersion: number;
  readonly isWhole: boolean;
}

/** By the order's id. */
type Orders = Map<string, KnownOrder>;

/** The types of events that never change an order's details, which can then stay where they are. */
const leavesDetails: ReadonlySet<OrderEvent['type']> = new Set([
  'OrderPaid',
  'OrderProcessingStarted',
  'OrderRefunded',
  'OrderCredited',
  'OrderHeld',
  'OrderReleased',
  'OrderNoteAdded',
]);

/**
 * Keeps the present state of each order, and the sorted sets that the list of orders is read from.
 * A large order has its lines and other details in an entry of their own: an event that changes
 * none of them neither reads nor writes them.
 */
export const orderStatusProjection: Projection<Orders> = {
  ...orderStatus,
  readable: readableOrderEntry,

  load(events, partitionKeys, read, last) {
    const key = orderStatusKeys(partitionKeys);
    const needsDetails = new Set<string>();
    for (const { event } of events) if (!leavesDetails.has(event.type)) needsDetails.add(event.orderId);
    return rememberedOrders(
      events,
      (orderId) => {
        const known = last?.get(orderId);
        return known?.isWhole || !needsDetails.has(orderId) ? known : undefined;
      },
      read,
      (orderId) => (needsDetails.has(orderId) ? [key.order(orderId), key.details(orderId)] : [key.order(orderId)]),
      (orderId, text, details): KnownOrder => {
        const { order, detailsVersion } = decodeHead(orderId, text);
        if (detailsVersion === 0) return { order, detailsVersion, isWhole: true };
        if (!needsDetails.has(orderId)) return { order, detailsVersion, isWhole: false };
        return { order: decodeOrder(orderId, text, details), detailsVersion, isWhole: true };
      },
    );
  },

  project(events, partitionKeys, orders) {
    const byOrder = new Map<string, OrderChange>();
    for (const { stored, event } of events) {
      const ofOrder = byOrder.get(event.orderId);
      const changedAt = leavesDetails.has(event.type) ? 0 : event.version;
      if (!ofOrder) byOrder.set(event.orderId, { events: [event], position: stored.position, changedAt });
      else {
        ofOrder.events.push(event);
        ofOrder.position = stored.position;
        ofOrder.changedAt = changedAt || ofOrder.changedAt;
      }
    }
    const writes = new OrderWrites(partitionKeys);
    for (const [orderId, { events, position, changedAt }] of byOrder) {
      const before = orders.get(orderId);
      const order = fold(events, before?.order);
      if (order) orders.set(orderId, writes.add(before, order, position, changedAt));
    }
    return writes.commands();
  },
};

/** The events of one order in a step. */
interface OrderChange {
  readonly events: (OrderEvent & EventEnvelope)[];
  /** The position of the last one. */
  position: number;
  /** The version of the last one that may have changed the order's details; 0 if none has. */
  changedAt: number;
}

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
  /** The members of the new orders. */
  readonly #placed: string[] = [];
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

  /**
   * @param position the position of the order's last event.
   * @param changedAt the version at which the order's details may have changed last; 0 if they have
   *   not.
   * @returns what is known of the order after the step.
   */
  add(known: KnownOrder | undefined, order: Order, position: number, changedAt: number): KnownOrder {
    const { orderId, placedAt } = order;
    const before = known?.order;
    const member = placedMember(placedAt, orderId);
    const list = this.#listOf(order);
    const listBefore = before && this.#listOf(before);
    const detailsVersion = this.#addEntries(order, known?.detailsVersion ?? 0, changedAt);
    if (!before) this.#placed.push(member);
    if (list !== listBefore) this.#addTo(list, member);
    if (listBefore !== undefined && list !== listBefore) this.#removeFrom(listBefore, member);
    this.#updated.push(position, shortId(orderId));
    this.#addUserOf(before, order, member);
    return { order, detailsVersion, isWhole: known?.isWhole ?? true };
  }

  /** Writes the order, or its head alone. Returns the new version of its details, 0 for none. */
  #addEntries(order: Order, detailsVersion: number, changedAt: number): number {
    const [hash, field] = this.#key.order(order.orderId);
    if (changedAt === 0) {
      const text = detailsVersion === 0 ? encodeOrder(order) : encodeHead(order, detailsVersion);
      this.#orders.push(['HSET', hash, field, text]);
      return detailsVersion;
    }
    if (hasOwnDetails(order)) {
      const [, detailsField] = this.#key.details(order.orderId);
      const texts = [field, encodeHead(order, changedAt), detailsField, encodeDetails(order, changedAt)];
      this.#orders.push(['HSET', hash, ...texts]);
      return changedAt;
    }
    this.#orders.push(['HSET', hash, field, encodeOrder(order)]);
    if (detailsVersion > 0) this.#orders.push(['HDEL', ...this.#key.details(order.orderId)]);
    return 0;
  }

  #addUserOf(before: Order | undefined, order: Order, member: string): void {
    const isSameState = before && this.#listOf(before) === this.#listOf(order);
    if (isSameState && before.userId === order.userId && before.onHold === order.onHold) return;
    const isSameUser = before?.userId === order.userId;
    if (!isSameUser) this.#addTo(this.#key.users(order.userId), userMember(order.userId, member));
    if (!isSameUser || !isSameState) this.#addTo(...this.#userState(order, member));
    if (before && !isSameUser) this.#removeFrom(this.#key.users(before.userId), userMember(before.userId, member));
    if (before && (!isSameUser || !isSameState)) this.#removeFrom(...this.#userState(before, member));
    if (order.onHold) {
      if (!before?.onHold) this.#addTo(this.#key.held, member);
      if (!before?.onHold || !isSameUser) this.#addTo(this.#key.heldUsers, userMember(order.userId, member));
    }
    if (before?.onHold) {
      if (!order.onHold) this.#removeFrom(this.#key.held, member);
      if (!order.onHold || !isSameUser) this.#removeFrom(this.#key.heldUsers, userMember(before.userId, member));
    }
  }

  #userState(order: Order, member: string): [set: string, member: string] {
    const { userId, status } = order;
    return [this.#key.userStates(userId), userStateMember(userId, status, paymentStatus(order), member)];
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
    commands.push(...this.#newest());
    return commands;
  }

  /**
   * Adds the new orders to the newest, and removes those that are too many. The result does not
   * depend on how the events were divided into steps: it is the newest of all orders so far.
   */
  #newest(): RedisCommand[] {
    if (this.#placed.length === 0) return [];
    const key = this.#key.newest;
    // Without a comparison, sort compares characters as Redis does: members are in ASCII.
    const newest = this.#placed.sort().slice(-newestEntries);
    return [
      ['ZADD', key, 0, oldestMember, ...newest.flatMap((member) => [0, member])],
      ['ZREMRANGEBYRANK', key, 0, -(newestEntries + 1)],
    ];
  }
}
