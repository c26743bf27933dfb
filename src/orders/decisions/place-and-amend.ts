import type { AmendOrder, PlaceOrder } from '../commands.js';
import type { OrderAmended } from '../event-data.js';
import type { Order } from '../order.js';
import { currencyExponent, exponentOf } from '../values/currency.js';
import { formatMinor } from '../values/money.js';
import { isAmendable } from './allowed-commands.js';
import type { Events } from './decision.js';
import { adjustmentData, parseAdjustments, parseLines, parseTotal, sumOfLines } from './ordered-lines.js';
import { forbidden, invalid, type Rejection, rejected } from './rejection.js';

export function place(command: PlaceOrder): Events {
  const exponent = currencyExponent(command.currency);
  if (exponent === undefined) return invalid('/currency', 'must be an ISO 4217 currency code such as USD');
  const lines = parseLines(command, exponent);
  if ('rejected' in lines) return lines;
  const adjustments = parseAdjustments(command.adjustments ?? [], exponent);
  if ('rejected' in adjustments) return adjustments;
  const total = parseTotal(command.totalAmount, lines.sumMinor, adjustments, exponent);
  if ('rejected' in total) return total;
  return [
    {
      type: 'OrderPlaced',
      data: {
        user_id: command.userId,
        currency: command.currency,
        total_minor: total.minor,
        items: lines.items,
        metadata: { ...command.metadata },
        ...(command.reference === undefined ? {} : { reference: command.reference }),
        ...(adjustments.length === 0 ? {} : { adjustments }),
      },
    },
  ];
}

/** Changes what is given. The reference and the metadata may change at any time. */
export function amend(command: AmendOrder, order: Order): Events {
  const { items, itemIds, adjustments, totalAmount, reference, metadata, reason = null } = command;
  const changesMoney = [items, itemIds, adjustments, totalAmount].some((given) => given !== undefined);
  if (!changesMoney && reference === undefined && metadata === undefined) {
    return invalid('', 'must have something to change: items, adjustments, total_amount, reference or metadata');
  }
  const labels = {
    ...(reference === undefined ? {} : { reference }),
    ...(metadata === undefined ? {} : { metadata: { ...metadata } }),
    reason,
  };
  if (!changesMoney) return [{ type: 'OrderAmended', data: labels }];
  if (reason === null) return invalid('/reason', 'is required');
  if (!isAmendable(order)) return forbidden(order, 'can be amended only before anything is shipped');
  const money = amendedMoney(command, order);
  if ('rejected' in money) return money;
  if (money.total_minor < order.creditedMinor) {
    const exponent = exponentOf(order.currency);
    const credited = `${formatMinor(order.creditedMinor, exponent)} ${order.currency}`;
    return rejected(
      'amended-below-credited',
      order,
      `The new total is below the amount already credited, ${credited}.`,
    );
  }
  return [{ type: 'OrderAmended', data: { ...money, ...labels } }];
}

type AmendedMoney = Pick<OrderAmended, 'items' | 'adjustments'> & { readonly total_minor: number };

function amendedMoney(command: AmendOrder, order: Order): AmendedMoney | Rejection {
  const exponent = exponentOf(order.currency);
  const isAmendingLines = command.items !== undefined || command.itemIds !== undefined;
  const lines = isAmendingLines
    ? parseLines(command, exponent)
    : { items: undefined, sumMinor: sumOfLines(order.items, exponent) };
  if ('rejected' in lines) return lines;
  const adjustments = command.adjustments
    ? parseAdjustments(command.adjustments, exponent)
    : adjustmentData(order.adjustments);
  if ('rejected' in adjustments) return adjustments;
  const total = parseTotal(command.totalAmount, lines.sumMinor, adjustments, exponent);
  if ('rejected' in total) return total;
  return {
    total_minor: total.minor,
    ...(lines.items ? { items: lines.items } : {}),
    ...(adjustments.length === 0 ? {} : { adjustments }),
  };
}
