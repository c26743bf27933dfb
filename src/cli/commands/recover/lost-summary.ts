import { exponentOf } from '../../../orders/values/currency.js';
import { formatMinor } from '../../../orders/values/money.js';
import type { KnownOrder, LostChange } from './lost-orders.js';

/** Orders that the command prints. All of them are in the file of --save. */
const maxShownOrders = 20;
/** Events of an order that the command prints. */
const maxShownEvents = 20;

/** Amounts in minor units by currency. */
type Amounts = Map<string, number>;

interface ShownOrder {
  readonly isWhole: boolean;
  readonly order: KnownOrder | undefined;
  readonly events: string[];
  /** All lost events of the order, also those that are not shown. */
  count: number;
}

/** Adds up what was lost, and keeps the first orders to show them. */
export class LostSummary {
  #events = 0;
  #orders = 0;
  /** Orders of which nothing is left. */
  #wholeOrders = 0;
  readonly #placed: Amounts = new Map();
  readonly #paid: Amounts = new Map();
  readonly #refunded: Amounts = new Map();
  readonly #shown = new Map<string, ShownOrder>();

  add({ event, isFirstLost, order }: LostChange): void {
    const { type, data, order_id: orderId, position, version } = event;
    const currency = order?.currency ?? '?';
    this.#events += 1;
    if (isFirstLost) {
      this.#orders += 1;
      if (version === 1) this.#wholeOrders += 1;
      if (this.#shown.size < maxShownOrders)
        this.#shown.set(orderId, { isWhole: version === 1, order, events: [], count: 0 });
    }
    if (type === 'OrderPlaced') add(this.#placed, currency, data.total_minor);
    if (type === 'OrderPaid') add(this.#paid, currency, data.amount_minor);
    if (type === 'OrderRefunded') add(this.#refunded, currency, data.amount_minor);
    const shown = this.#shown.get(orderId);
    if (!shown) return;
    shown.count += 1;
    if (shown.events.length >= maxShownEvents) return;
    const minor = data.total_minor ?? data.amount_minor;
    const amount = typeof minor === 'number' ? ` ${formatted(minor, currency)} ${currency}` : '';
    shown.events.push(`${type} ${position}${amount}`);
  }

  /** Lines for a person: the first orders, and the sums. */
  lines(): string[] {
    const others = this.#orders - this.#shown.size;
    return [
      ...[...this.#shown].map(([orderId, shown]) => orderLine(orderId, shown)),
      ...(others > 0 ? [`  … and ${others} more orders: --save FILE writes all of them`] : []),
      `lost: ${this.#events} events of ${this.#orders} orders, ${this.#wholeOrders} of them whole; ` +
        `${amountsText(this.#placed)} placed, ${amountsText(this.#paid)} paid, ` +
        `${amountsText(this.#refunded)} refunded`,
    ];
  }

  /** The summary as the operator event keeps it. */
  toJson(): object {
    return {
      events: this.#events,
      orders: this.#orders,
      whole_orders: this.#wholeOrders,
      placed_minor: Object.fromEntries(this.#placed),
      paid_minor: Object.fromEntries(this.#paid),
      refunded_minor: Object.fromEntries(this.#refunded),
    };
  }
}

function add(amounts: Amounts, currency: string, minor: unknown): void {
  if (typeof minor === 'number') amounts.set(currency, (amounts.get(currency) ?? 0) + minor);
}

function orderLine(orderId: string, { isWhole, order, events, count }: ShownOrder): string {
  const user = order === undefined ? '' : `, user ${order.user_id}`;
  const others = count > events.length ? `, and ${count - events.length} more events` : '';
  return `  ${orderId}${isWhole ? ' (whole order)' : ''}${user}: ${events.join(', ')}${others}`;
}

/** "59.98 USD and 10.00 EUR", or "nothing". */
function amountsText(amounts: ReadonlyMap<string, number>): string {
  const texts = [...amounts].map(([currency, minor]) => `${formatted(minor, currency)} ${currency}`);
  return texts.length === 0 ? 'nothing' : texts.join(' and ');
}

function formatted(minor: number, currency: string): string {
  return currency === '?' ? String(minor) : formatMinor(minor, exponentOf(currency));
}
