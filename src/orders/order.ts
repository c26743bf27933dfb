import type { AdjustmentType } from './event-data.js';
import type { OrderTotals } from './totals.js';

/**
 * An order, folded from its events. Money is in integer minor units of `currency`; times are
 * RFC 3339, UTC.
 */
export interface Order extends OrderTotals {
  readonly orderId: string;
  readonly userId: string;
  /** The shop's own number of the order. */
  readonly reference: string | null;
  readonly onHold: boolean;
  readonly items: readonly OrderItem[];
  readonly adjustments: readonly Adjustment[];
  readonly shipments: readonly Shipment[];
  readonly currency: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** The time at which the order was placed: `occurredAt` of OrderPlaced. */
  readonly placedAt: string;
  /** The time at which its newest event was recorded. */
  readonly updatedAt: string;
  readonly version: number;

  // Only decisions need these two. No read model keeps them.

  /** The time of the first payment. */
  readonly firstPaidAt: string | null;
  /** The newest payment with a reference since the last refund. */
  readonly lastPayment: Payment | null;
}

/** One line of an order. */
export interface OrderItem {
  readonly lineId: string;
  readonly itemId: string;
  readonly quantity: number;
  readonly unitPriceMinor: number | null;
  /** Millionths of the major unit, for a price that is not whole in minor units. */
  readonly unitPriceMicro: number | null;
  readonly cancelled: number;
  /** Units that were shipped and are not to be shipped again. */
  readonly shipped: number;
  /** Units of `shipped` that have neither arrived nor come back. */
  readonly inTransit: number;
  /** Units of `shipped` that have arrived, also those that came back later. */
  readonly delivered: number;
  readonly returned: number;
}

export interface Adjustment {
  readonly type: AdjustmentType;
  readonly amountMinor: number;
  readonly description: string | null;
}

export interface Shipment {
  /** "1", "2", … in the order of shipping. */
  readonly shipmentId: string;
  readonly carrier: string | null;
  readonly trackingNumber: string | null;
  readonly shippedAt: string;
  /** The time at which units of it arrived last; null if none has arrived or it is not known. */
  readonly arrivedAt: string | null;
  /** The sum over its items. */
  readonly inTransit: number;
  readonly items: readonly ShippedItem[];
}

/** Units of one line in a shipment. */
export interface ShippedItem {
  readonly lineId: string;
  readonly itemId: string;
  readonly quantity: number;
  readonly inTransit: number;
  /** Units that have arrived and not come back. */
  readonly withCustomer: number;
}

/** A payment with a reference, and the one before it: a list that grows without being copied. */
export interface Payment {
  readonly reference: string;
  readonly amountMinor: number;
  /** The order's version after the payment. */
  readonly version: number;
  readonly previous: Payment | null;
}

export function unitsToShip({ quantity, cancelled, shipped }: OrderItem): number {
  return quantity - cancelled - shipped;
}

export function unitsWithCustomer({ shipped, inTransit, returned }: OrderItem): number {
  return shipped - inTransit - returned;
}
