import type { CancelOrder, OrderCommand, PayOrder, RefundOrder } from '../commands.js';
import { orderLimits } from '../limits.js';
import { type Order, type Payment, unitsToShip } from '../order.js';
import { balanceMinor, keptMinor, worthMinor } from '../totals.js';
import { exponentOf } from '../values/currency.js';
import { formatMinor, type MoneyInput, parseMoney } from '../values/money.js';
import { areAll, type Chosen, chooseUnits, lineUnits, priceOfUnits } from './choose-units.js';
import type { Decision, Events } from './decision.js';
import { forbidden, invalid, type Rejection, rejected } from './rejection.js';

/**
 * Records a payment. One that equals an earlier payment with its reference repeats that one, unless
 * a refund came since. Money that has arrived is recorded even if less or nothing is due.
 */
export function pay(command: PayOrder, order: Order): Decision {
  const { paymentReference, alreadyReceived, another } = command;
  const due = Math.max(0, balanceMinor(order));
  const given = command.amount === undefined ? undefined : positiveAmount(command.amount, order);
  if (given && 'rejected' in given) return given;
  const amountMinor = given?.minor ?? (due > 0 ? due : undefined);
  if (paymentReference !== undefined && !another) {
    const earlier = findPayment(order, paymentReference, amountMinor);
    if (earlier) return { repeats: earlier.version };
  }
  if (!alreadyReceived) {
    if (order.status === 'cancelled') {
      return forbidden(order, 'takes no payment. If the money has arrived, send already_received: true');
    }
    if (due === 0 || (amountMinor ?? 0) > due) {
      const remedy = 'If more has arrived, send already_received: true.';
      return rejected('exceeds-amount-due', order, `The amount due is ${amount(due, order)}. ${remedy}`);
    }
  }
  if (amountMinor === undefined) return invalid('/amount', 'is required, because nothing is due');
  if (order.paidMinor + amountMinor > orderLimits.maxAmountMinor) {
    const limit = amount(orderLimits.maxAmountMinor, order);
    return rejected('exceeds-amount-due', order, `All payments of an order together can be at most ${limit}.`);
  }
  const data = { amount_minor: amountMinor, payment_reference: paymentReference ?? null };
  return [{ type: 'OrderPaid', data: alreadyReceived ? { ...data, already_received: true } : data }];
}

/** The newest payment with this reference and amount; of any amount if none is given. */
function findPayment(order: Order, reference: string, amountMinor: number | undefined): Payment | undefined {
  for (let payment = order.lastPayment; payment; payment = payment.previous) {
    if (payment.reference === reference && (amountMinor ?? payment.amountMinor) === payment.amountMinor) return payment;
  }
  return undefined;
}

/**
 * Gives money back: first what was paid too much. The rest lowers the worth or becomes due again.
 */
export function refund(command: RefundOrder, order: Order): Events {
  const kept = keptMinor(order);
  const surplus = Math.max(0, -balanceMinor(order));
  const refunded = refundedAmount(command, order, kept, surplus);
  if ('rejected' in refunded) return refunded;
  if (refunded.minor > kept || kept === 0) {
    return rejected('exceeds-refundable-amount', order, `The refundable amount is ${amount(kept, order)}.`);
  }
  const credited = command.payableAgain ? 0 : Math.max(0, refunded.minor - surplus);
  const data = { amount_minor: refunded.minor, credited_minor: credited, reason: command.reason };
  return [{ type: 'OrderRefunded', data }];
}

function refundedAmount(
  command: RefundOrder,
  order: Order,
  kept: number,
  surplus: number,
): { readonly minor: number } | Rejection {
  if (command.amount !== undefined) return positiveAmount(command.amount, order);
  if (!command.items) return { minor: surplus > 0 ? surplus : kept };
  const choice = chooseUnits(order.items, command.items, ({ quantity }) => quantity);
  if ('missing' in choice) return rejected('exceeds-ordered-quantity', order, `${choice.missing} to refund.`);
  const price = priceOfUnits(choice.chosen, exponentOf(order.currency));
  if (price === undefined) return invalid('/amount', 'is required: the price of the items is not known');
  if (price === 0n) return invalid('/amount', 'is required: the price of the items is 0');
  return { minor: price > BigInt(kept) ? kept : Number(price) };
}

/** Lowers what the order is worth without moving money, by at most what is due. */
export function credit(command: Extract<OrderCommand, { command: 'credit' }>, order: Order): Events {
  const due = Math.max(0, balanceMinor(order));
  const given = command.amount === undefined ? { minor: due } : positiveAmount(command.amount, order);
  if ('rejected' in given) return given;
  if (given.minor > due || due === 0) {
    return rejected('exceeds-creditable-amount', order, `The amount due is ${amount(due, order)}.`);
  }
  return [{ type: 'OrderCredited', data: { amount_minor: given.minor, reason: command.reason } }];
}

/** Cancels units that have not shipped, and takes their price off the total. */
export function cancel(command: CancelOrder, order: Order): Events {
  const choice = chooseUnits(order.items, command.items, unitsToShip);
  if ('missing' in choice) return rejected('exceeds-ordered-quantity', order, `${choice.missing} to cancel.`);
  const { chosen } = choice;
  if (chosen.length === 0) return forbidden(order, 'has nothing left to cancel: everything was shipped or cancelled');
  const isRest = areAll(chosen, order.items, unitsToShip);
  const cancelled = cancelledAmount(command, order, chosen, isRest && order.units.shipped === 0);
  if ('rejected' in cancelled) return cancelled;
  const data = {
    items: isRest ? null : chosen.map(lineUnits),
    amount_minor: cancelled.minor,
    reason: command.reason,
  };
  return [{ type: 'OrderCancelled', data }];
}

function cancelledAmount(
  { amount: given }: CancelOrder,
  order: Order,
  chosen: readonly Chosen[],
  isWholeOrder: boolean,
): { readonly minor: number } | Rejection {
  const exponent = exponentOf(order.currency);
  const worth = worthMinor(order);
  const parsed = given === undefined ? undefined : parseMoney(given, exponent);
  if (parsed && 'error' in parsed) return invalid('/amount', parsed.error);
  if (isWholeOrder) {
    if (parsed && parsed.minor !== worth) {
      const why = 'This cancels all units, so the amount is all that the order is worth';
      return rejected('wrong-cancelled-amount', order, `${why}, ${amount(worth, order)}. It can be left out.`);
    }
    return { minor: worth };
  }
  if (parsed) {
    if (parsed.minor <= worth) return parsed;
    return rejected('wrong-cancelled-amount', order, `The order is worth ${amount(worth, order)}.`);
  }
  const price = priceOfUnits(chosen, exponent);
  if (price === undefined) return invalid('/amount', 'is required: the price of the units is not known');
  return { minor: price > BigInt(worth) ? worth : Number(price) };
}

function positiveAmount(given: MoneyInput, order: Order): { readonly minor: number } | Rejection {
  const parsed = parseMoney(given, exponentOf(order.currency));
  if ('error' in parsed) return invalid('/amount', parsed.error);
  return parsed.minor > 0 ? parsed : invalid('/amount', 'must be greater than 0');
}

function amount(minor: number, order: Order): string {
  return `${formatMinor(minor, exponentOf(order.currency))} ${order.currency}`;
}
