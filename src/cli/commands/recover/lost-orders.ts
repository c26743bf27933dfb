import type { OrderDocument } from '../../../orders/order-document.js';
import { exponentOf } from '../../../orders/values/currency.js';
import { formatMinor } from '../../../orders/values/money.js';
import { getOrder } from '../../../queries/get-order.js';
import type { ReadModels } from '../../../queries/live-generation.js';
import { type LostEvent, type LostPart, lostEvents } from './lost-events.js';

/** An order with lost events. */
export interface LostOrder {
  readonly orderId: string;
  /** Whether the order itself is lost, and not only its last events. */
  readonly isWhole: boolean;
  readonly events: readonly LostEvent[];
  /** The order as the read models last knew it. */
  readonly lastKnown: OrderDocument | undefined;
}

/** Amounts in minor units by currency. */
type Amounts = Map<string, number>;

export interface LostSummary {
  readonly events: number;
  readonly orders: number;
  /** Orders of which nothing is left. */
  readonly wholeOrders: number;
  readonly placed: Amounts;
  readonly paid: Amounts;
  readonly refunded: Amounts;
}

/** Yields the orders with lost events, partition by partition. */
export async function* lostOrders(models: ReadModels, parts: readonly LostPart[]): AsyncGenerator<LostOrder> {
  for (const part of parts) {
    const byOrder = new Map<string, LostEvent[]>();
    for await (const event of lostEvents(models, part)) {
      const events = byOrder.get(event.order_id);
      if (events) events.push(event);
      else byOrder.set(event.order_id, [event]);
    }
    for (const [orderId, events] of byOrder) {
      const order = await getOrder(models, orderId);
      const lastKnown = order && (JSON.parse(order.json) as OrderDocument);
      yield { orderId, isWhole: events[0]?.version === 1, events, lastKnown };
    }
  }
}

export function emptySummary(): LostSummary {
  return { events: 0, orders: 0, wholeOrders: 0, placed: new Map(), paid: new Map(), refunded: new Map() };
}

/** The summary with one order more. */
export function addOrder(summary: LostSummary, order: LostOrder): LostSummary {
  const currency = order.lastKnown?.currency ?? '?';
  for (const { type, data } of order.events) {
    if (type === 'OrderPlaced') add(summary.placed, currency, data.total_minor);
    if (type === 'OrderPaid') add(summary.paid, currency, data.amount_minor);
    if (type === 'OrderRefunded') add(summary.refunded, currency, data.amount_minor);
  }
  return {
    ...summary,
    events: summary.events + order.events.length,
    orders: summary.orders + 1,
    wholeOrders: summary.wholeOrders + (order.isWhole ? 1 : 0),
  };
}

function add(amounts: Amounts, currency: string, minor: unknown): void {
  if (typeof minor === 'number') amounts.set(currency, (amounts.get(currency) ?? 0) + minor);
}

/** "59.98 USD and 10.00 EUR", or "nothing". */
export function amountsText(amounts: ReadonlyMap<string, number>): string {
  const texts = [...amounts].map(([currency, minor]) => `${formatted(minor, currency)} ${currency}`);
  return texts.length === 0 ? 'nothing' : texts.join(' and ');
}

function formatted(minor: number, currency: string): string {
  return currency === '?' ? String(minor) : formatMinor(minor, exponentOf(currency));
}

/** One line about an order with lost events, for a person. */
export function orderLine({ orderId, isWhole, events, lastKnown }: LostOrder): string {
  const currency = lastKnown?.currency ?? '?';
  const texts = events.map(({ type, data, position }) => {
    const minor = data.total_minor ?? data.amount_minor;
    return `${type} ${position}${typeof minor === 'number' ? ` ${formatted(minor, currency)} ${currency}` : ''}`;
  });
  const user = lastKnown === undefined ? '' : `, user ${lastKnown.user_id}`;
  return `  ${orderId}${isWhole ? ' (whole order)' : ''}${user}: ${texts.join(', ')}`;
}

/** The summary as the operator event keeps it. */
export function summaryJson({ events, orders, wholeOrders, placed, paid, refunded }: LostSummary): object {
  return {
    events,
    orders,
    whole_orders: wholeOrders,
    placed_minor: Object.fromEntries(placed),
    paid_minor: Object.fromEntries(paid),
    refunded_minor: Object.fromEntries(refunded),
  };
}
