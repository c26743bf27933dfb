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
  const next = copied(order, event);
  change(next, event);
  return next;
}

/** An order from its whole stream, or from the rest of it on top of an order. */
export function fold(events: Iterable<OrderEvent & EventEnvelope>, from?: Order): Order | undefined {
  let order = from;
  for (const event of events) order = evolve(order, event);
  return order;
}

/** An order that is being made. */
type Draft = { -readonly [Field in keyof Order]: Order[Field] };

/** The order at the event's version, with nothing else changed yet. Field by field: a spread and two fields take V8 ten times as long. */
function copied(order: Order, { recordedAt, version }: EventEnvelope): Draft {
  return {
    orderId: order.orderId,
    userId: order.userId,
    status: order.status,
    onHold: order.onHold,
    items: order.items,
    currency: order.currency,
    totalMinor: order.totalMinor,
    paidMinor: order.paidMinor,
    refundedMinor: order.refundedMinor,
    metadata: order.metadata,
    placedAt: order.placedAt,
    updatedAt: recordedAt,
    version,
  };
}

function change(order: Draft, event: Exclude<OrderEvent, { type: 'OrderPlaced' }>): void {
  switch (event.type) {
    case 'OrderAmended':
      order.items = event.data.items.map(newItem);
      order.totalMinor = event.data.total_minor;
      break;
    case 'OrderPaid':
      order.paidMinor += event.data.amount_minor;
      break;
    case 'OrderProcessingStarted':
      order.status = 'processing';
      break;
    case 'OrderShipped':
      move(order, event.data.items, 'shipped');
      break;
    case 'OrderDelivered':
      order.status = 'delivered';
      break;
    case 'OrderCancelled':
      order.status = 'cancelled';
      order.onHold = false;
      break;
    case 'OrderRefunded':
      order.refundedMinor += event.data.amount_minor;
      break;
    case 'OrderReturned':
      move(order, event.data.items, 'returned');
      break;
    case 'OrderHeld':
      order.onHold = true;
      break;
    case 'OrderReleased':
      order.onHold = false;
      break;
    case 'OrderNoteAdded':
      break;
    case 'OrderPersonErased':
      order.userId = erasedText;
      order.metadata = {};
      break;
  }
}

function newItem(item: OrderedItem): OrderItem {
  const { item_id, quantity, unit_price_minor } = item;
  return { itemId: item_id, quantity, unitPriceMinor: unit_price_minor, shipped: 0, returned: 0 };
}

function move(order: Draft, moves: readonly ItemQuantity[], whereTo: 'shipped' | 'returned'): void {
  const byItem = new Map<string, number>();
  for (const { item_id, quantity } of moves) byItem.set(item_id, (byItem.get(item_id) ?? 0) + quantity);
  order.items = order.items.map((item) => {
    const units = byItem.get(item.itemId);
    if (units === undefined) return item;
    const { itemId, quantity, unitPriceMinor, shipped, returned } = item;
    return whereTo === 'shipped'
      ? { itemId, quantity, unitPriceMinor, shipped: shipped + units, returned }
      : { itemId, quantity, unitPriceMinor, shipped, returned: returned + units };
  });
  const counts = unitCounts(order.items);
  order.status = fulfilmentStatus(counts, order.status);
  // A hold stops what is still to ship; once nothing is, there is nothing left to hold.
  order.onHold = order.onHold && counts.shipped < counts.ordered;
}
