import { type AdjustmentType, adjustmentTypes } from '../../orders/events.js';
import type { Adjustment, Order, OrderItem, Shipment, ShippedItem } from '../../orders/order.js';
import { type Mutable, orderStatuses, type UnitTotals } from '../../orders/totals.js';
import { utcMs, utcTime } from '../../orders/values/utc-time.js';

/**
 * An order as one JSON array, without the names of its fields. Whatever most orders do not have is
 * in one value. Each line takes `valuesPerItem` values.
 */
type EncodedOrder = [
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
  metadata: Readonly<Record<string, string>> | 0,
  more: EncodedMore | 0,
  ...items: EncodedItemValue[],
];

/** 0 stands for null and for an empty list. */
type EncodedMore = [
  reference: string | 0,
  cancelledMinor: number,
  creditedMinor: number,
  creditedByRefundsMinor: number,
  isCancelledBySchema1: 0 | 1,
  /** Type, amount and description of each. */
  adjustments: (number | string)[] | 0,
  ...shipments: EncodedShipment[],
];

/** A shipment's id is its number. Each of its items takes `valuesPerShippedItem` values. */
type EncodedShipment = [
  carrier: string | 0,
  trackingNumber: string | 0,
  shippedMs: number,
  /** 0 for null. */
  arrivedMs: number,
  /**
   * The index of the line in the order, quantity, units in transit, units with the customer. If the
   * line is gone, because the order was amended after all units came back, its ids replace the
   * index.
   */
  ...items: (number | readonly [lineId: string, itemId: string])[],
];
const shippedItemsFrom = 4;
const valuesPerShippedItem = 4;

/**
 * Item id; quantity; price in minor units, or null, or ["micro"]; line id, 0 for the line's number;
 * the counts of units, 0 if all are zero.
 */
type EncodedItemValue = string | number | null | readonly number[];
const itemsFrom = 12;
const valuesPerItem = 5;

/** Encodes all that `evolve` needs: the text is also the state of the projection. */
export function encodeOrder(order: Order): string {
  const encoded: EncodedOrder = [
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
    Object.keys(order.metadata).length === 0 ? 0 : order.metadata,
    encodeMore(order),
  ];
  for (const [index, item] of order.items.entries()) {
    const { cancelled, shipped, inTransit, delivered, returned } = item;
    encoded.push(
      item.itemId,
      item.quantity,
      item.unitPriceMicro === null ? item.unitPriceMinor : [item.unitPriceMicro],
      item.lineId === String(index + 1) ? 0 : item.lineId,
      cancelled + shipped === 0 ? 0 : [cancelled, shipped, inTransit, delivered, returned],
    );
  }
  return JSON.stringify(encoded);
}

function encodeMore(order: Order): EncodedMore | 0 {
  const { reference, cancelledMinor, creditedMinor, creditedByRefundsMinor, adjustments, shipments } = order;
  const money = cancelledMinor + creditedMinor + creditedByRefundsMinor;
  const isCancelledBySchema1 = order.isCancelledBySchema1 ? 1 : 0;
  if (reference === null && money + isCancelledBySchema1 + adjustments.length + shipments.length === 0) return 0;
  return [
    reference ?? 0,
    cancelledMinor,
    creditedMinor,
    creditedByRefundsMinor,
    isCancelledBySchema1,
    adjustments.length === 0
      ? 0
      : adjustments.flatMap((one) => [adjustmentTypes.indexOf(one.type), one.amountMinor, one.description ?? 0]),
    ...shipments.map((shipment) => encodeShipment(shipment, order.items)),
  ];
}

function encodeShipment(shipment: Shipment, lines: readonly OrderItem[]): EncodedShipment {
  const { carrier, trackingNumber, shippedAt, arrivedAt, items } = shipment;
  const encoded: EncodedShipment = [
    carrier ?? 0,
    trackingNumber ?? 0,
    utcMs(shippedAt),
    arrivedAt === null ? 0 : utcMs(arrivedAt),
  ];
  let at = -1;
  for (const { lineId, itemId, quantity, inTransit, withCustomer } of items) {
    // Shipments have their items in the order of the lines.
    if (at < lines.length) at += 1;
    while (at < lines.length && lines[at]?.lineId !== lineId) at += 1;
    const isThere = lines[at]?.itemId === itemId;
    encoded.push(isThere ? at : [lineId, itemId], quantity, inTransit, withCustomer);
  }
  return encoded;
}

/** Throws if the text holds no order. */
export function decodeOrder(orderId: string, text: string): Order {
  // Access by index is faster: destructuring uses an iterator, which costs more than parsing the
  // JSON.
  const encoded = JSON.parse(text) as EncodedOrder;
  const status = orderStatuses[encoded[2]];
  if (status === undefined) throw new Error(`order ${orderId}: unknown status ${encoded[2]}`);
  const units = { ordered: 0, cancelled: 0, shipped: 0, inTransit: 0, delivered: 0, returned: 0 };
  const items: OrderItem[] = [];
  for (let at = itemsFrom; at < encoded.length; at += valuesPerItem) {
    const item = decodeItem(encoded, at, items.length);
    items.push(item);
    addUnits(units, item);
  }
  const more = encoded[11] === 0 ? undefined : encoded[11];
  return {
    orderId,
    userId: encoded[1],
    reference: more?.[0] || null,
    status,
    onHold: encoded[3] === 1,
    items,
    units,
    adjustments: decodeAdjustments(more?.[5] || []),
    shipments: more ? decodeShipments(more, items) : [],
    currency: encoded[4],
    totalMinor: encoded[5],
    cancelledMinor: more?.[1] ?? 0,
    creditedMinor: more?.[2] ?? 0,
    creditedByRefundsMinor: more?.[3] ?? 0,
    paidMinor: encoded[6],
    refundedMinor: encoded[7],
    isCancelledBySchema1: more?.[4] === 1,
    metadata: encoded[10] === 0 ? {} : encoded[10],
    placedAt: utcTime(encoded[8]),
    updatedAt: utcTime(encoded[9]),
    version: encoded[0],
    firstPaidAt: null,
    lastPayment: null,
  };
}

const noCounts = [0, 0, 0, 0, 0] as const;

function decodeItem(encoded: EncodedOrder, at: number, index: number): OrderItem {
  const price = encoded[at + 2] as number | null | readonly number[];
  const counts = (encoded[at + 4] || noCounts) as readonly number[];
  const isMicro = typeof price === 'object' && price !== null;
  return {
    lineId: (encoded[at + 3] as string | 0) || String(index + 1),
    itemId: encoded[at] as string,
    quantity: encoded[at + 1] as number,
    unitPriceMinor: isMicro ? null : price,
    unitPriceMicro: isMicro ? (price[0] ?? null) : null,
    cancelled: counts[0] ?? 0,
    shipped: counts[1] ?? 0,
    inTransit: counts[2] ?? 0,
    delivered: counts[3] ?? 0,
    returned: counts[4] ?? 0,
  };
}

function addUnits(units: Mutable<UnitTotals>, item: OrderItem): void {
  units.ordered += item.quantity;
  units.cancelled += item.cancelled;
  units.shipped += item.shipped;
  units.inTransit += item.inTransit;
  units.delivered += item.delivered;
  units.returned += item.returned;
}

function decodeAdjustments(values: readonly (number | string)[]): Adjustment[] {
  const adjustments: Adjustment[] = [];
  for (let at = 0; at < values.length; at += 3) {
    const type: AdjustmentType | undefined = adjustmentTypes[values[at] as number];
    if (type === undefined) throw new Error(`unknown type of adjustment ${values[at]}`);
    const description = (values[at + 2] as string | 0) || null;
    adjustments.push({ type, amountMinor: values[at + 1] as number, description });
  }
  return adjustments;
}

const shipmentsFrom = 6;

function decodeShipments(more: EncodedMore, lines: readonly OrderItem[]): Shipment[] {
  const encoded = more.slice(shipmentsFrom) as EncodedShipment[];
  return encoded.map((shipment, index) => {
    const items: ShippedItem[] = [];
    let allInTransit = 0;
    for (let at = shippedItemsFrom; at < shipment.length; at += valuesPerShippedItem) {
      const line = shipment[at] as number | readonly [string, string];
      const [quantity, inTransit, withCustomer] = shipment.slice(at + 1, at + valuesPerShippedItem) as number[];
      const [lineId, itemId] =
        typeof line === 'number' ? [lines[line]?.lineId, lines[line]?.itemId] : [line[0], line[1]];
      if (lineId === undefined || itemId === undefined) throw new Error(`shipment ${index + 1} has an unknown line`);
      items.push({
        lineId,
        itemId,
        quantity: quantity ?? 0,
        inTransit: inTransit ?? 0,
        withCustomer: withCustomer ?? 0,
      });
      allInTransit += inTransit ?? 0;
    }
    return {
      shipmentId: String(index + 1),
      carrier: shipment[0] || null,
      trackingNumber: shipment[1] || null,
      shippedAt: utcTime(shipment[2]),
      arrivedAt: shipment[3] === 0 ? null : utcTime(shipment[3]),
      inTransit: allInTransit,
      items,
    };
  });
}
