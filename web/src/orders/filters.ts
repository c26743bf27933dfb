import { type Order, orderStatuses, paymentStatuses } from '../api/types.js';
import { isDate } from '../app/parameters.js';

/** The choice of orders that the list shows, as the address of the page holds it. */
export interface Filters {
  /** A text that is looked up; the other filters do not count then. */
  readonly q: string;
  readonly status: Order['status'] | undefined;
  readonly payment: Order['payment_status'] | undefined;
  readonly user: string;
  readonly reference: string;
  readonly currency: string;
  readonly onHold: boolean;
  /** Local dates; the second one is included. */
  readonly from: string;
  readonly to: string;
}

export function filtersOf(query: URLSearchParams): Filters {
  const text = (name: string) => query.get(name) ?? '';
  return {
    q: text('q'),
    status: orderStatuses.find((one) => one === query.get('status')),
    payment: paymentStatuses.find((one) => one === query.get('payment')),
    user: text('user'),
    reference: text('reference'),
    currency: /^[A-Z]{3}$/.test(text('currency')) ? text('currency') : '',
    onHold: query.get('hold') === 'yes',
    from: text('from'),
    to: text('to'),
  };
}

/** The query parameters of GET /orders. */
export function apiQuery(filters: Filters) {
  const { status, payment, user, reference, currency, onHold, from, to } = filters;
  return {
    ...(status ? { status: [status] } : {}),
    ...(payment ? { payment_status: [payment] } : {}),
    ...(user ? { user_id: user } : {}),
    ...(reference ? { reference } : {}),
    // The address holds any three letters; the service says if that is no currency.
    ...(currency ? { currency: currency as 'EUR' } : {}),
    ...(onHold ? { on_hold: true } : {}),
    ...(isDate(from) ? { placed_from: new Date(`${from}T00:00:00`).toISOString() } : {}),
    ...(isDate(to) ? { placed_to: dayAfter(to) } : {}),
  };
}

function dayAfter(date: string): string {
  const time = new Date(`${date}T00:00:00`);
  time.setDate(time.getDate() + 1);
  return time.toISOString();
}
