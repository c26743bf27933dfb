import type { EventEnvelope, ItemQuantity, OrderEvent, OrderedItem } from './events.js';
import { fulfilmentStatus, type Order, type OrderItem, unitCounts } from './order.js';
import { erasedText } from './personal-data.js';

/**
 * The order after one more event. Pure. Throws only on a stream that cannot be (an order that does not begin with
 * OrderPlaced, a version that does not follow), since that is a damaged log and no guess may hide it.
 */
export function evolve(order: Order | undefined, event: OrderEvent & EventEnvelope): Order {
  if (event.version !== (order?.version ?? 0) + 1) {
    throw new Error(`order ${event.orderId}: version ${event.version} does not follow ${order?.version ?? 0}`);
  }
  if (event.type === 'OrderPlaced') {
    if (order) throw new Error(`order ${event.orderId} is placed a second time`);
    return {
      orderId: event.orderId,
      userId: event.data.user_id,
      status: 'pending',
      onHold: false,
      items: event.data.items.map(newItem),
      currency: event.data.currency,
      totalMinor: event.data.total_minor,
      paidMinor: 0,
      refundedMinor: 0,
      metadata: event.data.metadata,
      placedAt: event.occurredAt,
      updatedAt: event.recordedAt,
      version: event.version,
    };
  }
  if (!order) throw new Error(`order ${event.orderId} does not begin with OrderPlaced`);
  return { ...order, ...changes(order, event), updatedAt: event.recordedAt, version: event.version };
}

/** An order from its whole stream, or from the rest of it on top of an order. */
export function fold(events: Iterable<OrderEvent & EventEnvelope>, from?: Order): Order | undefined {
  let order = from;
  for (const event of events) order = evolve(order, event);
  return order;
}

function changes(order: Order, event: Exclude<OrderEvent, { type: 'OrderPlaced' }>): Partial<Order> {
  switch (event.type) {
    case 'OrderAmended':
      return { items: event.data.items.map(newItem), totalMinor: event.data.total_minor };
    case 'OrderPaid':
      return { paidMinor: order.paidMinor + event.data.amount_minor };
    case 'OrderProcessingStarted':
      return { status: 'processing' };
    case 'OrderShipped':
      return moved(order, event.data.items, (item, quantity) => ({ ...item, shipped: item.shipped + quantity }));
    case 'OrderDelivered':
      return { status: 'delivered' };
    case 'OrderCancelled':
      return { status: 'cancelled', onHold: false };
    case 'OrderRefunded':
      return { refundedMinor: order.refundedMinor + event.data.amount_minor };
    case 'OrderReturned':
      return moved(order, event.data.items, (item, quantity) => ({ ...item, returned: item.returned + quantity }));
    case 'OrderHeld':
      return { onHold: true };
    case 'OrderReleased':
      return { onHold: false };
    case 'OrderNoteAdded':
      return {};
    case 'OrderPersonErased':
      return { userId: erasedText, metadata: {} };
  }
}

function newItem(item: OrderedItem): OrderItem {
  const { item_id, quantity, unit_price_minor } = item;
  return { itemId: item_id, quantity, unitPriceMinor: unit_price_minor, shipped: 0, returned: 0 };
}

function moved(
  order: Order,
  moves: readonly ItemQuantity[],
  move: (item: OrderItem, quantity: number) => OrderItem,
): Partial<Order> {
  const byItem = new Map<string, number>();
  for (const { item_id, quantity } of moves) byItem.set(item_id, (byItem.get(item_id) ?? 0) + quantity);
  const items = order.items.map((item) => {
    const quantity = byItem.get(item.itemId);
    return quantity === undefined ? item : move(item, quantity);
  });
  const units = unitCounts(items);
  const status = fulfilmentStatus(units, order.status);
  // A hold stops what is still to ship; once nothing is, there is nothing left to hold.
  return { items, status, onHold: order.onHold && units.shipped < units.ordered };
}
