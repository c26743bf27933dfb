import { place } from '../app/route.js';
import { OrderList } from './order-list.js';
import { OrderView } from './order-view.js';

/** The list of orders, or one order: `#/orders/ORDER_ID`. */
export function OrdersPage() {
  const [, orderId] = place.value.path;
  return orderId === undefined ? <OrderList /> : <OrderView key={orderId} orderId={orderId} />;
}
