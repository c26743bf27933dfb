import type { OrderEvent } from '../events.js';
import type { Order } from '../order.js';
import { balanceMinor } from '../totals.js';

/** The commands that are left to an order whose history is full, as rejections name them. */
export const howToClose = 'cancel, deliver or return everything, then settle the whole balance';

/**
 * Whether an event brings the order nearer to its end: everything is cancelled, delivered or
 * returned, or the whole balance is settled. Only such events may be the last ones of an order.
 */
export function closes(event: OrderEvent, order: Order): boolean {
  const balance = balanceMinor(order);
  switch (event.type) {
    case 'OrderCancelled':
    case 'OrderDelivered':
      return event.data.items === null;
    case 'OrderReturned': {
      const returned = event.data.items.reduce((sum, { quantity }) => sum + quantity, 0);
      return !event.data.ship_again && returned === order.units.shipped - order.units.returned;
    }
    case 'OrderPaid':
    case 'OrderCredited':
      return event.data.amount_minor === balance;
    case 'OrderRefunded':
      return event.data.amount_minor === -balance;
    default:
      return false;
  }
}
