import type { Order } from '../api/types.js';
import { csv, save } from '../format/csv.js';

const columns = [
  'order_id',
  'reference',
  'user_id',
  'status',
  'payment_status',
  'currency',
  'total_amount',
  'cancelled_amount',
  'credited_amount',
  'paid_amount',
  'refunded_amount',
  'balance',
  'placed_at',
  'updated_at',
  'version',
] as const satisfies readonly (keyof Order)[];

/** Offers the orders that are shown as a file of CSV. */
export function downloadOrders(orders: readonly Order[]): void {
  const rows = orders.map((order) => columns.map((name) => order[name]));
  save('orders.csv', 'text/csv', csv(columns, rows));
}
