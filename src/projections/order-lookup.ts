import type { EventEnvelope, OrderEvent } from '../orders/events.js';
import { utcMs } from '../orders/values/utc-time.js';
import { shortId, shortTime, shortTimeLength } from '../read-models/encoding/short-id.js';
import {
  orderLookup,
  orderLookupKeys,
  readableLookupEntry,
  textHash,
  textHashLength,
  textKinds,
} from '../read-models/order-lookup.js';
import type { RedisCommand } from '../read-models/redis/redis-command.js';
import type { Projection } from './projection.js';
import { rememberedOrders } from './remembered-orders.js';

/** The texts by which an order is found. */
interface Texts {
  /** The short time of placing. */
  readonly placed: string;
  /** The number of shipments. */
  shipments: number;
  /**
   * By the place of a text in the order, such as "r" or "t1", the hash of the text. Undefined once
   * the person of the order was forgotten.
   */
  hashes: Map<string, string> | undefined;
}

/**
 * Keeps by which texts each order is found. A reference that was amended and a tracking number that
 * was corrected find it no more, and nothing finds an order whose person was forgotten: the texts
 * may lead to that person.
 */
export const orderLookupProjection: Projection<Map<string, Texts>> = {
  ...orderLookup,
  readable: readableLookupEntry,

  load(events, partitionKeys, read, last) {
    const key = orderLookupKeys(partitionKeys);
    return rememberedOrders(
      events,
      (orderId) => last?.get(orderId),
      read,
      (orderId) => [key.order(orderId)],
      (_, text) => decodeTexts(text),
    );
  },

  project(events, partitionKeys, orders) {
    const key = orderLookupKeys(partitionKeys);
    const changed = new Map<string, Texts>();
    for (const { event } of events) {
      if (!changingTypes.has(event.type)) continue;
      const texts = changed.get(event.orderId) ?? copyOf(orders.get(event.orderId)) ?? textsOfNew(event);
      change(texts, event);
      changed.set(event.orderId, texts);
    }
    const commands: RedisCommand[] = [];
    const added = new Map<string, (number | string)[]>();
    const removed = new Map<string, string[]>();
    const add = (member: string, hash: string) => {
      const set = key.textsOfHash(hash);
      const members = added.get(set);
      if (members) members.push(0, member);
      else added.set(set, [0, member]);
    };
    const remove = (member: string, hash: string) => {
      const set = key.textsOfHash(hash);
      const members = removed.get(set);
      if (members) members.push(member);
      else removed.set(set, [member]);
    };
    for (const [orderId, texts] of changed) {
      const before = orders.get(orderId);
      const now = membersOf(orderId, texts);
      // Most orders are new, or have the same texts and some more.
      const last = before?.hashes?.size ? membersOf(orderId, before) : noMembers;
      for (const [member, hash] of now) if (!last.has(member)) add(member, hash);
      for (const [member, hash] of last) if (!now.has(member)) remove(member, hash);
      orders.set(orderId, texts);
      commands.push(['HSET', ...key.order(orderId), encodeTexts(texts)]);
    }
    for (const [set, members] of removed) commands.push(['ZREM', set, ...members]);
    for (const [set, members] of added) commands.push(['ZADD', set, ...members]);
    return commands;
  },
};

/** The events that may change the texts of their order. */
const changingTypes: ReadonlySet<OrderEvent['type']> = new Set([
  'OrderPlaced',
  'OrderAmended',
  'OrderPaid',
  'OrderShipped',
  'OrderShipmentTracked',
  'OrderPersonErased',
]);

/** A copy that a step may change. An order has thousands of texts at most, and is copied once. */
function copyOf(texts: Texts | undefined): Texts | undefined {
  return texts && { ...texts, hashes: texts.hashes && new Map(texts.hashes) };
}

function textsOfNew(event: OrderEvent & EventEnvelope): Texts {
  if (event.type !== 'OrderPlaced') throw new Error(`order ${event.orderId}: ${event.type} before OrderPlaced`);
  return { placed: shortTime(utcMs(event.occurredAt)), shipments: 0, hashes: new Map() };
}

function change(texts: Texts, event: OrderEvent): void {
  const { reference, payment_reference: payment, tracking_number: tracking } = textKinds;
  switch (event.type) {
    case 'OrderPlaced':
    case 'OrderAmended':
      setText(texts, reference, event.data.reference);
      break;
    case 'OrderPaid': {
      const text = event.data.payment_reference;
      // Payments have no number: an order has each reference once.
      if (text !== null) setText(texts, payment + textHash(text), text);
      break;
    }
    case 'OrderShipped':
      texts.shipments += 1;
      setText(texts, tracking + texts.shipments, event.data.tracking_number);
      break;
    case 'OrderShipmentTracked':
      setText(texts, tracking + event.data.shipment_id, event.data.tracking_number);
      break;
    case 'OrderPersonErased':
      texts.hashes = undefined;
  }
}

/** @param place the place of the text in the order. */
function setText({ hashes }: Texts, place: string, text: string | null | undefined): void {
  if (text !== null && text !== undefined) hashes?.set(place, textHash(text));
}

const noMembers: ReadonlyMap<string, string> = new Map();

/** The members of the index, each with the hash of its text. */
function membersOf(orderId: string, { placed, hashes }: Texts): ReadonlyMap<string, string> {
  if (!hashes?.size) return noMembers;
  const members = new Map<string, string>();
  const order = placed + shortId(orderId);
  for (const [place, hash] of hashes) members.set(hash + place.charAt(0) + order, hash);
  return members;
}

const erasedMark = '!';

/**
 * The time of placing and the number of shipments, then one word per text: its kind, its hash and,
 * for a tracking number, the number of the shipment. With up to 64 bytes, Redis stores an entry at
 * hardly any cost.
 */
function encodeTexts({ placed, shipments, hashes }: Texts): string {
  if (!hashes) return placed + shipments + erasedMark;
  let text = placed + shipments;
  for (const [place, hash] of hashes) {
    const kind = place.slice(0, 1);
    text += ` ${kind}${hash}${kind === textKinds.tracking_number ? place.slice(1) : ''}`;
  }
  return text;
}

/** Throws if the text holds no entry. */
function decodeTexts(text: string): Texts {
  const [first = '', ...words] = text.split(' ');
  const placed = first.slice(0, shortTimeLength);
  const isErased = first.endsWith(erasedMark);
  const shipments = Number(first.slice(shortTimeLength, isErased ? -1 : undefined));
  if (placed.length < shortTimeLength || !Number.isSafeInteger(shipments))
    throw new Error(`"${text}" is no encoded entry of order-lookup`);
  if (isErased) return { placed, shipments, hashes: undefined };
  const hashes = new Map<string, string>();
  for (const word of words) {
    const kind = word.slice(0, 1);
    const hash = word.slice(1, 1 + textHashLength);
    const isPayment = kind === textKinds.payment_reference;
    hashes.set(kind + (isPayment ? hash : word.slice(1 + textHashLength)), hash);
  }
  return { placed, shipments, hashes };
}
