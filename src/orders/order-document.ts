import { exponentOf } from './currency.js';
import { parseMoney, toMajor } from './money.js';
import { type Order, orderStatuses, type PaymentStatus, paymentStatus } from './order.js';

/** An order as the API shows it: amounts in major units, as JSON numbers. */
export interface OrderDocument {
  order_id: string;
  user_id: string;
  status: Order['status'];
  payment_status: PaymentStatus;
  on_hold: boolean;
  items: { item_id: string; quantity: number; unit_price?: number; shipped: number; returned: number }[];
  item_ids: string[];
  total_amount: number;
  currency: string;
  paid_amount: number;
  refunded_amount: number;
  metadata: Record<string, string>;
  placed_at: string;
  updated_at: string;
  version: number;
}

export function orderDocument(order: Order): OrderDocument {
  const exponent = exponentOf(order.currency);
  return {
    order_id: order.orderId,
    user_id: order.userId,
    status: order.status,
    payment_status: paymentStatus(order),
    on_hold: order.onHold,
    items: order.items.map((item) => ({
      item_id: item.itemId,
      quantity: item.quantity,
      ...(item.unitPriceMinor === null ? {} : { unit_price: toMajor(item.unitPriceMinor, exponent) }),
      shipped: item.shipped,
      returned: item.returned,
    })),
    item_ids: order.items.map((item) => item.itemId),
    total_amount: toMajor(order.totalMinor, exponent),
    currency: order.currency,
    paid_amount: toMajor(order.paidMinor, exponent),
    refunded_amount: toMajor(order.refundedMinor, exponent),
    metadata: { ...order.metadata },
    placed_at: order.placedAt,
    updated_at: order.updatedAt,
    version: order.version,
  };
}

/**
 * The order that a document shows: nothing that `evolve` needs is lost in the showing, so the stored document is also
 * the projection's state. Throws on a document that no order has.
 */
export function orderFromDocument(document: OrderDocument): Order {
  const exponent = exponentOf(document.currency);
  const minor = (amount: number): number => {
    const parsed = parseMoney(amount, exponent);
    if ('error' in parsed) throw new Error(`order ${document.order_id}: amount ${amount} ${parsed.error}`);
    return parsed.minor;
  };
  if (!orderStatuses.includes(document.status)) {
    throw new Error(`order ${document.order_id}: unknown status "${document.status}"`);
  }
  return {
    orderId: document.order_id,
    userId: document.user_id,
    status: document.status,
    onHold: document.on_hold,
    items: document.items.map((item) => ({
      itemId: item.item_id,
      quantity: item.quantity,
      unitPriceMinor: item.unit_price === undefined ? null : minor(item.unit_price),
      shipped: item.shipped,
      returned: item.returned,
    })),
    currency: document.currency,
    totalMinor: minor(document.total_amount),
    paidMinor: minor(document.paid_amount),
    refundedMinor: minor(document.refunded_amount),
    metadata: document.metadata,
    placedAt: document.placed_at,
    updatedAt: document.updated_at,
    version: document.version,
  };
}
