import type { Order, OrderItem } from '../../orders/order.js';
import { type Mutable, orderStatuses, type UnitTotals } from '../../orders/totals.js';
import { utcMs, utcTime } from '../../orders/values/utc-time.js';
import {
  decodeAdjustments,
  decodeItems,
  decodeShipments,
  type EncodedItemValue,
  type EncodedShipment,
  encodeAdjustments,
  encodeItems,
  encodeShipment,
  lineIndexes,
} from './encoded-lines.js';

/**
 * An order as one JSON array, without the names of its fields. The fields that most orders lack
 * share one value.
 *
 * A large order is in two arrays: the head, and the details. The details hold what may be long, so
 * that an event which changes none of it rewrites the head only.
 */
type EncodedOrder = [...start: EncodedStart, metadata: EncodedMetadata, more: EncodedMore | 0, ...EncodedItemValue[]];

type EncodedStart = [
  version: number,
  userId: string,
  status: number,
  onHold: 0 | 1,
  currency: string,
  totalMinor: number,
  paidMinor: number,
  refundedMinor: number,
  placedMs: number,
  updatedMs: number,
];
const itemsFrom = 12;

/** 0 stands for none. */
type EncodedMetadata = Readonly<Record<string, string>> | 0;

/** 0 stands for null and for an empty list. */
type EncodedMore = [...money: EncodedMoney, adjustments: (number | string)[] | 0, ...shipments: EncodedShipment[]];

type EncodedMoney = [
  reference: string | 0,
  cancelledMinor: number,
  creditedMinor: number,
  creditedByRefundsMinor: number,
  isCancelledBySchema1: 0 | 1,
];
const shipmentsFrom = 6;

/** The head of a large order. A number in the place of `metadata` distinguishes it. */
type EncodedHead = [...start: EncodedStart, detailsVersion: number, money: EncodedMoney, ...units: number[]];
const unitsFrom = 12;

/** The details of a large order, as they are since a version of it. */
type EncodedDetails = [
  version: number,
  metadata: EncodedMetadata,
  adjustments: (number | string)[] | 0,
  shipments: EncodedShipment[],
  ...EncodedItemValue[],
];
const detailedItemsFrom = 4;

/**
 * Whether the details of an order have an entry of their own: from about 100 lines on. An entry
 * costs some 100 bytes beside its value, which is little then. It depends on the details alone, so
 * that it does not depend on how the events were divided into steps.
 *
 * Every text counts that a client chooses. So a first entry has 30 kB at most, and lists need not
 * ask for its size before they read it.
 */
export function hasOwnDetails({ items, shipments, adjustments, metadata }: Order): boolean {
  let length = 0;
  for (const { itemId, lineId } of items) length += itemId.length + lineId.length + charactersPerPart;
  if (length > maxDetailsBeside) return true;
  for (const { items: shipped, carrier, trackingNumber } of shipments) {
    length += (carrier?.length ?? 0) + (trackingNumber?.length ?? 0) + (shipped.length + 2) * charactersPerPart;
    const indexes = lineIndexes(shipped, items);
    for (const [nth, { itemId, lineId }] of shipped.entries())
      if (indexes[nth] === undefined) length += itemId.length + lineId.length;
  }
  for (const { description } of adjustments) length += (description?.length ?? 0) + charactersPerPart;
  for (const name in metadata) length += name.length + (metadata[name]?.length ?? 0);
  return length > maxDetailsBeside;
}

/** Characters of a line beside its item's id, of a shipped item, or of an adjustment; about. */
const charactersPerPart = 20;
/** Characters of details, about, that are in one text with the head. */
const maxDetailsBeside = 4_096;

/** Encodes all that `evolve` needs: the text is also the state of the projection. */
export function encodeOrder(order: Order): string {
  const encoded: unknown[] = encodeStart(order);
  encoded.push(encodeMetadata(order), encodeMore(order));
  encodeItems(order.items, encoded);
  return JSON.stringify(encoded);
}

/** Encodes the head of a large order. @param detailsVersion the version since which they are so. */
export function encodeHead(order: Order, detailsVersion: number): string {
  const { ordered, cancelled, shipped, inTransit, delivered, returned } = order.units;
  const head: EncodedHead = [
    ...encodeStart(order),
    detailsVersion,
    encodeMoney(order),
    ordered,
    cancelled,
    shipped,
    inTransit,
    delivered,
    returned,
  ];
  return JSON.stringify(head);
}

/** Encodes the details of a large order. @param version the version since which they are so. */
export function encodeDetails(order: Order, version: number): string {
  const details: EncodedDetails = [
    version,
    encodeMetadata(order),
    encodeAdjustments(order.adjustments),
    order.shipments.map((shipment) => encodeShipment(shipment, order.items)),
  ];
  encodeItems(order.items, details);
  return JSON.stringify(details);
}

function encodeStart(order: Order): EncodedStart {
  return [
    order.version,
    order.userId,
    orderStatuses.indexOf(order.status),
    order.onHold ? 1 : 0,
    order.currency,
    order.totalMinor,
    order.paidMinor,
    order.refundedMinor,
    utcMs(order.placedAt),
    utcMs(order.updatedAt),
  ];
}

function encodeMetadata({ metadata }: Order): EncodedMetadata {
  return Object.keys(metadata).length === 0 ? 0 : metadata;
}

function encodeMoney(order: Order): EncodedMoney {
  const { reference, cancelledMinor, creditedMinor, creditedByRefundsMinor, isCancelledBySchema1 } = order;
  return [reference ?? 0, cancelledMinor, creditedMinor, creditedByRefundsMinor, isCancelledBySchema1 ? 1 : 0];
}

function encodeMore(order: Order): EncodedMore | 0 {
  const { reference, cancelledMinor, creditedMinor, creditedByRefundsMinor, adjustments, shipments } = order;
  const money = cancelledMinor + creditedMinor + creditedByRefundsMinor;
  const isCancelledBySchema1 = order.isCancelledBySchema1 ? 1 : 0;
  if (reference === null && money + isCancelledBySchema1 + adjustments.length + shipments.length === 0) return 0;
  return [
    ...encodeMoney(order),
    encodeAdjustments(adjustments),
    ...shipments.map((shipment) => encodeShipment(shipment, order.items)),
  ];
}

/**
 * Decodes a whole order.
 * @param details the text of its details, if it has any beside the head.
 * @throws if the texts hold no order, or details of another version than the head names.
 */
export function decodeOrder(orderId: string, text: string, details?: string | null): Order {
  const { order, detailsVersion } = decodeHead(orderId, text);
  if (detailsVersion === 0) return order;
  if (!details) throw new Error(`order ${orderId}: its details are missing`);
  const { version, ...decoded } = decodeDetails(details);
  if (version !== detailsVersion) {
    throw new Error(`order ${orderId}: its details are of version ${version}, not ${detailsVersion}`);
  }
  return { ...order, ...decoded };
}

/** Decodes the details of an order. Throws if the text holds none. */
export function decodeDetails(
  text: string,
): Pick<Order, 'version' | 'items' | 'metadata' | 'adjustments' | 'shipments'> {
  const encoded = JSON.parse(text) as EncodedDetails;
  const items = decodeItems(encoded, detailedItemsFrom);
  return {
    version: encoded[0],
    items,
    metadata: encoded[1] || {},
    adjustments: decodeAdjustments(encoded[2]),
    shipments: decodeShipments(encoded[3], items),
  };
}

/** An order that was decoded without its details. */
export interface DecodedHead {
  /** Without `items`, `metadata`, `adjustments` and `shipments`, unless the order is whole. */
  readonly order: Order;
  /** The version since which the details are as they are; 0 if the order is whole. */
  readonly detailsVersion: number;
}

/** Decodes an order from its first text alone. Throws if the text holds no order. */
export function decodeHead(orderId: string, text: string): DecodedHead {
  // Access by index is faster: destructuring uses an iterator, which costs more than parsing the
  // JSON.
  const encoded = JSON.parse(text) as EncodedOrder | EncodedHead;
  return isHead(encoded)
    ? { order: ofHead(orderId, encoded), detailsVersion: encoded[10] }
    : { order: wholeOrder(orderId, encoded), detailsVersion: 0 };
}

function isHead(encoded: EncodedOrder | EncodedHead): encoded is EncodedHead {
  return typeof encoded[10] === 'number' && encoded[10] > 0;
}

function wholeOrder(orderId: string, encoded: EncodedOrder): Order {
  const items = decodeItems(encoded, itemsFrom);
  const more = encoded[11] === 0 ? undefined : encoded[11];
  const shipments = more ? (more.slice(shipmentsFrom) as EncodedShipment[]) : [];
  // The spread comes last: each field after it would cost V8 half a microsecond.
  return {
    items,
    units: unitsOf(items),
    adjustments: decodeAdjustments(more?.[5] ?? 0),
    shipments: decodeShipments(shipments, items),
    metadata: encoded[10] === 0 ? {} : encoded[10],
    ...startOf(orderId, encoded, more),
  };
}

function ofHead(orderId: string, encoded: EncodedHead): Order {
  const [ordered = 0, cancelled = 0, shipped = 0, inTransit = 0, delivered = 0, returned = 0] = encoded.slice(
    unitsFrom,
  ) as number[];
  return {
    items: [],
    units: { ordered, cancelled, shipped, inTransit, delivered, returned },
    adjustments: [],
    shipments: [],
    metadata: {},
    ...startOf(orderId, encoded, encoded[11]),
  };
}

function startOf(
  orderId: string,
  encoded: EncodedOrder | EncodedHead,
  money: EncodedMoney | EncodedMore | undefined,
): Omit<Order, 'items' | 'units' | 'adjustments' | 'shipments' | 'metadata'> {
  const status = orderStatuses[encoded[2]];
  if (status === undefined) throw new Error(`order ${orderId}: unknown status ${encoded[2]}`);
  return {
    orderId,
    userId: encoded[1],
    reference: money?.[0] || null,
    status,
    onHold: encoded[3] === 1,
    currency: encoded[4],
    totalMinor: encoded[5],
    cancelledMinor: money?.[1] ?? 0,
    creditedMinor: money?.[2] ?? 0,
    creditedByRefundsMinor: money?.[3] ?? 0,
    paidMinor: encoded[6],
    refundedMinor: encoded[7],
    isCancelledBySchema1: money?.[4] === 1,
    placedAt: utcTime(encoded[8]),
    updatedAt: utcTime(encoded[9]),
    version: encoded[0],
    firstPaidAt: null,
    lastPayment: null,
  };
}

function unitsOf(items: readonly OrderItem[]): UnitTotals {
  const units: Mutable<UnitTotals> = { ordered: 0, cancelled: 0, shipped: 0, inTransit: 0, delivered: 0, returned: 0 };
  for (const item of items) {
    units.ordered += item.quantity;
    units.cancelled += item.cancelled;
    units.shipped += item.shipped;
    units.inTransit += item.inTransit;
    units.delivered += item.delivered;
    units.returned += item.returned;
  }
  return units;
}
