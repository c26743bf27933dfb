import { type AdjustmentType, adjustmentTypes } from '../../orders/event-data.js';
import type { Adjustment, OrderItem, Shipment, ShippedItem } from '../../orders/order.js';
import { utcMs, utcTime } from '../../orders/values/utc-time.js';

/** A shipment's id is its number. Each of its items takes `valuesPerShippedItem` values. */
export type EncodedShipment = [
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
export type EncodedItemValue = string | number | null | readonly number[];
export const valuesPerItem = 5;

/** Appends the values of each line to an array. */
export function encodeItems(items: readonly OrderItem[], encoded: unknown[]): void {
  for (const [index, item] of items.entries()) {
    const { cancelled, shipped, inTransit, delivered, returned } = item;
    encoded.push(
      item.itemId,
      item.quantity,
      item.unitPriceMicro === null ? item.unitPriceMinor : [item.unitPriceMicro],
      item.lineId === String(index + 1) ? 0 : item.lineId,
      cancelled + shipped === 0 ? 0 : [cancelled, shipped, inTransit, delivered, returned],
    );
  }
}

/** Decodes the lines that begin at an index of an array. */
export function decodeItems(encoded: readonly unknown[], from: number): OrderItem[] {
  const items: OrderItem[] = [];
  for (let at = from; at < encoded.length; at += valuesPerItem) items.push(decodeItem(encoded, at, items.length));
  return items;
}

const noCounts = [0, 0, 0, 0, 0] as const;

function decodeItem(encoded: readonly unknown[], at: number, index: number): OrderItem {
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

/** Type, amount and description of each. */
export function encodeAdjustments(adjustments: readonly Adjustment[]): (number | string)[] | 0 {
  if (adjustments.length === 0) return 0;
  return adjustments.flatMap((one) => [adjustmentTypes.indexOf(one.type), one.amountMinor, one.description ?? 0]);
}

export function decodeAdjustments(values: readonly (number | string)[] | 0): Adjustment[] {
  const adjustments: Adjustment[] = [];
  if (values === 0) return adjustments;
  for (let at = 0; at < values.length; at += 3) {
    const type: AdjustmentType | undefined = adjustmentTypes[values[at] as number];
    if (type === undefined) throw new Error(`unknown type of adjustment ${values[at]}`);
    const description = (values[at + 2] as string | 0) || null;
    adjustments.push({ type, amountMinor: values[at + 1] as number, description });
  }
  return adjustments;
}

/** @param lines those of the order. */
export function encodeShipment(shipment: Shipment, lines: readonly OrderItem[]): EncodedShipment {
  const { carrier, trackingNumber, shippedAt, arrivedAt, items } = shipment;
  const encoded: EncodedShipment = [
    carrier ?? 0,
    trackingNumber ?? 0,
    utcMs(shippedAt),
    arrivedAt === null ? 0 : utcMs(arrivedAt),
  ];
  const indexes = lineIndexes(items, lines);
  for (const [nth, { lineId, itemId, quantity, inTransit, withCustomer }] of items.entries())
    encoded.push(indexes[nth] ?? [lineId, itemId], quantity, inTransit, withCustomer);
  return encoded;
}

/**
 * The indexes by which a shipment names its lines; undefined for an item that it names by its ids.
 * @param lines those of the order.
 */
export function lineIndexes(items: readonly ShippedItem[], lines: readonly OrderItem[]): (number | undefined)[] {
  let at = -1;
  return items.map(({ lineId, itemId }) => {
    // Shipments have their items in the order of the lines.
    if (at < lines.length) at += 1;
    while (at < lines.length && lines[at]?.lineId !== lineId) at += 1;
    return lines[at]?.itemId === itemId ? at : undefined;
  });
}

export function decodeShipments(encoded: readonly EncodedShipment[], lines: readonly OrderItem[]): Shipment[] {
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
