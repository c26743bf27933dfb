import type { HistoryEvent } from '../api/types.js';
import { minorMoney } from '../format/money.js';
import { count, plural } from '../format/numbers.js';
import { isolated } from '../format/text.js';

/** One sentence about an event. Its data comes from the log, which may hold any version of it. */
export function eventSummary({ type, data }: HistoryEvent, currency: string): string {
  const text = (name: string) => (typeof data[name] === 'string' ? isolated(data[name]) : '');
  const amount = (name: string) => (typeof data[name] === 'number' ? minorMoney(data[name], currency) : '');
  const because = text('reason') === '' ? '' : `: ${text('reason')}`;
  switch (type) {
    case 'OrderPlaced':
      return `${units(data.items)} for ${amount('total_minor')}`;
    case 'OrderPaid':
      return [amount('amount_minor'), text('payment_reference')].filter(Boolean).join(', ');
    case 'OrderRefunded':
    case 'OrderCredited':
      return `${amount('amount_minor')}${because}`;
    case 'OrderShipped':
      return [units(data.items), [text('carrier'), text('tracking_number')].filter(Boolean).join(' ')]
        .filter(Boolean)
        .join(', ');
    case 'OrderShipmentTracked':
      return [text('carrier'), text('tracking_number')].filter(Boolean).join(' ');
    case 'OrderDelivered':
      return data.items === null ? 'Everything in transit' : units(data.items);
    case 'OrderCancelled':
      return `${data.items === null ? 'Everything' : units(data.items)}${because}`;
    case 'OrderReturned':
      return `${units(data.items)}${data.ship_again ? ', to be shipped again' : ''}${because}`;
    case 'OrderNoteAdded':
      return text('text');
    default:
      return text('reason');
  }
}

function units(items: unknown): string {
  if (!Array.isArray(items)) return '';
  const all: readonly unknown[] = items;
  const parts = all.flatMap((one) =>
    one !== null && typeof one === 'object' && 'item_id' in one && 'quantity' in one && typeof one.quantity === 'number'
      ? [{ item: String(one.item_id), quantity: one.quantity }]
      : [],
  );
  if (parts.length > 3)
    return plural(
      parts.reduce((sum, { quantity }) => sum + quantity, 0),
      'unit',
    );
  return parts.map(({ item, quantity }) => `${count(quantity)} × ${isolated(item)}`).join(', ');
}
