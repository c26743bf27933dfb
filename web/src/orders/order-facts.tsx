import type { ComponentChildren } from 'preact';
import type { Order } from '../api/types.js';
import { linkTo } from '../app/route.js';
import { money } from '../format/money.js';
import { count } from '../format/numbers.js';
import { dateTime } from '../format/time.js';
import { Card, Facts } from '../ui/card.js';

/** What the order is worth, what was paid, and who owes whom. */
export function MoneyFacts({ order }: { readonly order: Order }) {
  const { currency, balance } = order;
  const amount = (value: number) => money(value, currency);
  const less = (value: number) => (value === 0 ? amount(0) : `− ${amount(value)}`);
  return (
    <Card title="Money">
      <Facts
        facts={[
          ['Total', amount(order.total_amount)],
          ['Cancelled', less(order.cancelled_amount)],
          ['Credited', less(order.credited_amount)],
          ['Paid', amount(order.paid_amount)],
          ['Given back', less(order.refunded_amount)],
          [
            'Balance',
            <strong key="balance">
              {balance === 0 ? 'Settled' : balance > 0 ? `${amount(balance)} due` : `${amount(-balance)} to give back`}
            </strong>,
          ],
        ]}
      />
    </Card>
  );
}

/** Who ordered and when, and what the shop has noted. */
export function OrderFacts({ order }: { readonly order: Order }) {
  const facts: (readonly [string, ComponentChildren])[] = [
    [
      'Customer',
      <a key="customer" href={linkTo(['orders'], { user: order.user_id })}>
        {order.user_id}
      </a>,
    ],
    ['Reference', order.reference ?? '–'],
    ['Placed', dateTime(order.placed_at)],
    ['Last change', dateTime(order.updated_at)],
    ['Version', count(order.version)],
    ...Object.entries(order.metadata).map(([name, value]) => [name, value] as const),
  ];
  return (
    <Card title="Details">
      <Facts facts={facts} />
    </Card>
  );
}
