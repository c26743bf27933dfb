import type { OrderCommand, OrderLines, PlaceOrder } from '../commands.js';
import type { ItemQuantity, OrderEvent, OrderedItem } from '../events.js';
import { orderLimits } from '../limits.js';
import type { Order, OrderItem } from '../order.js';
import { currencyExponent, exponentOf } from '../values/currency.js';
import { formatMinor, type MoneyInput, parseMoney } from '../values/money.js';
import { allows, cancellable, holdable, returnable, shippable } from './allowed-commands.js';
import { invalid, type Rejection, rejected } from './rejection.js';

/** The events that a command leads to, or the reason why it is rejected. */
export type Decision = readonly OrderEvent[] | Rejection;

/**
 * Decides a command on the current order, which is undefined if it does not exist yet. Pure: the
 * arguments are the only input. A rejected command changes nothing.
 */
export function decide(command: OrderCommand, order: Order | undefined): Decision {
  if (command.command === 'place') {
    return order ? rejected('order-exists', order, 'An order with this id already exists.') : place(command);
  }
  if (!order) return rejected('order-not-found', undefined, 'There is no order with this id.');
  if (order.version >= orderLimits.maxEventsPerOrder) {
    return rejected('order-history-full', order, `The order has reached the limit of ${order.version} events.`);
  }

  switch (command.command) {
    case 'amend': {
      if (!allows('amend', order)) return forbidden(order, 'can be amended only while it is pending');
      const lines = orderedItems(command, command.totalAmount, order.currency);
      if ('rejected' in lines) return lines;
      if (lines.totalMinor < order.paidMinor) {
        const paid = amount(order.paidMinor, order);
        return rejected('amended-below-paid', order, `The new total is below the amount already paid, ${paid}.`);
      }
      return [
        {
          type: 'OrderAmended',
          data: { total_minor: lines.totalMinor, items: lines.items, reason: command.reason },
        },
      ];
    }
    case 'pay': {
      if (order.status === 'cancelled') return forbidden(order, 'cannot be paid');
      const due = order.totalMinor - order.paidMinor;
      const paid = positiveAmount(command.amount, due, order);
      if ('rejected' in paid) return paid;
      if (paid.minor > due || due === 0) {
        return rejected('exceeds-amount-due', order, `The amount due is ${amount(due, order)}.`);
      }
      return [
        {
          type: 'OrderPaid',
          data: { amount_minor: paid.minor, payment_reference: command.paymentReference ?? null },
        },
      ];
    }
    case 'process':
      if (order.status !== 'pending') return forbidden(order, 'can be processed only while it is pending');
      if (order.onHold) return onHold(order);
      return [{ type: 'OrderProcessingStarted', data: {} }];
    case 'ship': {
      if (!shippable(order)) return forbidden(order, 'has nothing that can be shipped now');
      if (order.onHold) return onHold(order);
      const left = unitsLeft(order, (item) => item.quantity - item.shipped);
      const items = chosenItems(command.items, left);
      const excess = firstExcess(items, left);
      if (excess) return rejected('exceeds-ordered-quantity', order, `${excess} to ship.`);
      return [
        {
          type: 'OrderShipped',
          data: { items, carrier: command.carrier ?? null, tracking_number: command.trackingNumber ?? null },
        },
      ];
    }
    case 'deliver':
      if (order.status !== 'shipped') return forbidden(order, 'can be delivered only once it is shipped');
      return [{ type: 'OrderDelivered', data: {} }];
    case 'cancel':
      if (!cancellable(order)) return forbidden(order, 'can be cancelled only before anything is shipped');
      return [{ type: 'OrderCancelled', data: { reason: command.reason } }];
    case 'refund': {
      const refundable = order.paidMinor - order.refundedMinor;
      const refund = positiveAmount(command.amount, refundable, order);
      if ('rejected' in refund) return refund;
      if (refund.minor > refundable || refundable === 0) {
        return rejected('exceeds-refundable-amount', order, `The refundable amount is ${amount(refundable, order)}.`);
      }
      return [{ type: 'OrderRefunded', data: { amount_minor: refund.minor, reason: command.reason } }];
    }
    case 'return': {
      if (!returnable(order)) return forbidden(order, 'has no shipped items left to return');
      const left = unitsLeft(order, (item) => item.shipped - item.returned);
      const items = chosenItems(command.items, left);
      const excess = firstExcess(items, left);
      if (excess) return rejected('exceeds-shipped-quantity', order, `${excess} to return.`);
      return [{ type: 'OrderReturned', data: { items, reason: command.reason } }];
    }
    case 'hold':
      if (!holdable(order)) return forbidden(order, 'can be put on hold only before it is fully shipped');
      if (order.onHold) return forbidden(order, 'is already on hold');
      return [{ type: 'OrderHeld', data: { reason: command.reason } }];
    case 'release':
      if (!order.onHold) return forbidden(order, 'is not on hold');
      return [{ type: 'OrderReleased', data: { reason: command.reason } }];
    case 'note':
      return [{ type: 'OrderNoteAdded', data: { text: command.text } }];
  }
}

function place(command: PlaceOrder): Decision {
  if (currencyExponent(command.currency) === undefined) {
    return invalid('/currency', 'must be an ISO 4217 currency code such as USD');
  }
  const lines = orderedItems(command, command.totalAmount, command.currency);
  if ('rejected' in lines) return lines;
  return [
    {
      type: 'OrderPlaced',
      data: {
        user_id: command.userId,
        currency: command.currency,
        total_minor: lines.totalMinor,
        items: lines.items,
        metadata: { ...command.metadata },
      },
    },
  ];
}

/**
 * Parses the ordered items and their total. If every item has a price, the prices must add up to
 * the total.
 */
function orderedItems(
  lines: OrderLines,
  totalAmount: MoneyInput,
  currency: string,
): { items: OrderedItem[]; totalMinor: number } | Rejection {
  const exponent = exponentOf(currency);
  const total = parseMoney(totalAmount, exponent);
  if ('error' in total) return invalid('/total_amount', total.error);

  if (lines.itemIds) {
    const counts = new Map<string, number>();
    for (const itemId of lines.itemIds) counts.set(itemId, (counts.get(itemId) ?? 0) + 1);
    const items = [...counts].map(([item_id, quantity]) => ({ item_id, quantity, unit_price_minor: null }));
    return { items, totalMinor: total.minor };
  }

  const items: OrderedItem[] = [];
  const seen = new Set<string>();
  let sum: number | undefined = 0;
  for (const [index, { item_id, quantity, unit_price }] of (lines.items ?? []).entries()) {
    if (seen.has(item_id))
      return invalid(`/items/${index}/item_id`, 'appears twice: send one line with the whole quantity');
    seen.add(item_id);
    if (unit_price === undefined) {
      sum = undefined;
      items.push({ item_id, quantity, unit_price_minor: null });
      continue;
    }
    const price = parseMoney(unit_price, exponent);
    if ('error' in price) return invalid(`/items/${index}/unit_price`, price.error);
    if (sum !== undefined) sum += price.minor * quantity;
    items.push({ item_id, quantity, unit_price_minor: price.minor });
  }
  // An inexact sum is above 2^53 and therefore larger than any total.
  if (sum !== undefined && sum !== total.minor) {
    return invalid('/total_amount', `must equal the sum of the items, ${formatMinor(exactSum(items), exponent)}`);
  }
  return { items, totalMinor: total.minor };
}

function exactSum(items: readonly OrderedItem[]): bigint {
  return items.reduce(
    (sum, { unit_price_minor, quantity }) => sum + BigInt(unit_price_minor ?? 0) * BigInt(quantity),
    0n,
  );
}

/** Parses the given amount, which must be above zero. By default it is all that is left. */
function positiveAmount(given: MoneyInput | undefined, left: number, order: Order): { minor: number } | Rejection {
  if (given === undefined) return { minor: left };
  const parsed = parseMoney(given, exponentOf(order.currency));
  if ('error' in parsed) return invalid('/amount', parsed.error);
  return parsed.minor > 0 ? parsed : invalid('/amount', 'must be greater than 0');
}

/** Returns the number of units that are left of each item. */
function unitsLeft(order: Order, left: (item: OrderItem) => number): Map<string, number> {
  return new Map(order.items.map((item) => [item.itemId, left(item)]));
}

/** Returns the given items, or by default all units that are left. */
function chosenItems(given: readonly ItemQuantity[] | undefined, left: Map<string, number>): ItemQuantity[] {
  if (given) return given.map(({ item_id, quantity }) => ({ item_id, quantity }));
  return [...left].filter(([, quantity]) => quantity > 0).map(([item_id, quantity]) => ({ item_id, quantity }));
}

/** Describes the first item with too few units left. Lines of the same item count together. */
function firstExcess(items: readonly ItemQuantity[], left: Map<string, number>): string | undefined {
  const remaining = new Map(left);
  for (const { item_id, quantity } of items) {
    const available = remaining.get(item_id) ?? 0;
    if (quantity > available) {
      const count = left.get(item_id) ?? 0;
      return `Item "${item_id}" has ${count === 1 ? '1 unit' : `${count} units`} left`;
    }
    remaining.set(item_id, available - quantity);
  }
  return undefined;
}

function forbidden(order: Order, why: string): Rejection {
  return rejected('invalid-transition', order, `The order ${why}; it is ${order.status}.`);
}

function onHold(order: Order): Rejection {
  return rejected('order-on-hold', order, 'The order is on hold; release it first.');
}

function amount(minor: number, order: Order): string {
  return `${formatMinor(minor, exponentOf(order.currency))} ${order.currency}`;
}
