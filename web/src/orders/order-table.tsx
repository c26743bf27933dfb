import type { Order } from '../api/types.js';
import { linkTo } from '../app/route.js';
import { money } from '../format/money.js';
import { count } from '../format/numbers.js';
import { dateMinute } from '../format/time.js';
import { Table } from '../ui/table.js';
import { HoldBadge, PaymentBadge, StatusBadge } from './status-badges.js';

/** Rows of orders. Those that have just changed are marked. */
export function OrderTable({
  orders,
  changed,
}: {
  readonly orders: readonly Order[];
  readonly changed: ReadonlySet<string>;
}) {
  return (
    <Table
      caption="Orders"
      rows={orders}
      keyOf={({ order_id }) => order_id}
      isHighlighted={({ order_id }) => changed.has(order_id)}
      columns={[
        {
          name: 'Order',
          isHeader: true,
          cell: ({ order_id, reference }) => (
            <a
              href={linkTo(['orders', order_id])}
              title={reference === null ? order_id : `${reference}, ${order_id}`}
              class="one-line"
            >
              {reference ?? `…${order_id.slice(-12)}`}
            </a>
          ),
        },
        { name: 'Placed', isWide: true, cell: ({ placed_at }) => <span class="nowrap">{dateMinute(placed_at)}</span> },
        { name: 'Customer', isWide: true, cell: ({ user_id }) => <span class="one-line">{user_id}</span> },
        {
          name: 'Status',
          cell: ({ status, on_hold }) => (
            <span class="row">
              <StatusBadge status={status} />
              {on_hold && <HoldBadge />}
            </span>
          ),
        },
        { name: 'Payment', isWide: true, cell: ({ payment_status }) => <PaymentBadge status={payment_status} /> },
        { name: 'Units', isNumeric: true, isWide: true, cell: ({ items }) => count(units(items)) },
        { name: 'Total', isNumeric: true, cell: (order) => money(order.total_amount, order.currency) },
        {
          name: 'Balance',
          isNumeric: true,
          isWide: true,
          cell: ({ balance, currency }) =>
            balance === 0 ? <span class="muted">settled</span> : money(balance, currency),
        },
      ]}
    />
  );
}

function units(items: Order['items']): number {
  return items.reduce((sum, { quantity }) => sum + quantity, 0);
}
