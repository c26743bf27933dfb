import { parseArgs } from 'node:util';
import { createStreamReader } from '../../event-log/read/read-stream.js';
import { recordedEvent } from '../../event-log/stored-event.js';
import { isUuid } from '../../http/request/validation.js';
import type { ItemQuantity, RecordedEvent } from '../../orders/events.js';
import { evolve } from '../../orders/evolve.js';
import { type Order, paymentStatus } from '../../orders/order.js';
import { exponentOf } from '../../orders/values/currency.js';
import { formatMinor } from '../../orders/values/money.js';
import { withLog } from '../connections.js';
import { UsageError } from '../terminal/errors.js';

/** `orders history ID`: what happened to an order, from the event log itself. */
export async function historyCommand(args: string[]): Promise<void> {
  const [orderId] = parseArgs({ args, allowPositionals: true, options: {} }).positionals;
  if (!isUuid(orderId)) throw new UsageError('orders history ORDER_ID: the order’s UUID');
  await withLog(async ({ pool, open, settings: { partitions } }) => {
    const stored = await open(await createStreamReader(pool, partitions)(orderId.toLowerCase()));
    const [first] = stored;
    if (!first) throw new UsageError(`there is no order ${orderId}`);
    console.log(`order ${first.orderId}, partition ${first.partition}\n`);
    let order: Order | undefined;
    for (const event of stored) {
      const recorded = recordedEvent(event);
      order = evolve(order, recorded);
      const { actor, request_id: requestId } = recorded.metadata;
      console.log(`${String(event.version).padStart(3)}  ${event.occurredAt}  ${describe(recorded, order)}`);
      console.log(
        `     by ${actor}${requestId ? `, request ${requestId}` : ''}, position ${event.position}, hash ${event.hash.toString('hex').slice(0, 16)}…`,
      );
      if (event.recordedAt.slice(0, 16) !== event.occurredAt.slice(0, 16))
        console.log(`     recorded ${event.recordedAt}`);
      console.log(`     → ${order.status}, ${paymentStatus(order)}${order.onHold ? ', on hold' : ''}`);
    }
  });
}

/** An event in a person's words. */
function describe(event: RecordedEvent, { currency }: Order): string {
  const money = (minor: number) => `${formatMinor(minor, exponentOf(currency))} ${currency}`;
  switch (event.type) {
    case 'OrderPlaced':
      return `placed by user ${event.data.user_id}: ${items(event.data.items)} for ${money(event.data.total_minor)}`;
    case 'OrderAmended':
      return `amended to ${items(event.data.items)} for ${money(event.data.total_minor)}: ${event.data.reason}`;
    case 'OrderPaid':
      return `paid ${money(event.data.amount_minor)}${event.data.payment_reference ? ` (${event.data.payment_reference})` : ''}`;
    case 'OrderProcessingStarted':
      return 'processing started';
    case 'OrderShipped': {
      const how = [event.data.carrier, event.data.tracking_number].filter(Boolean).join(' ');
      return `shipped ${items(event.data.items)}${how ? ` with ${how}` : ''}`;
    }
    case 'OrderDelivered':
      return 'delivered';
    case 'OrderCancelled':
      return `cancelled: ${event.data.reason}`;
    case 'OrderRefunded':
      return `refunded ${money(event.data.amount_minor)}: ${event.data.reason}`;
    case 'OrderReturned':
      return `returned ${items(event.data.items)}: ${event.data.reason}`;
    case 'OrderHeld':
      return `held: ${event.data.reason}`;
    case 'OrderReleased':
      return `released: ${event.data.reason}`;
    case 'OrderNoteAdded':
      return `note: ${event.data.text}`;
    case 'OrderPersonErased':
      return 'the person was forgotten: what was personal in the order can’t be read any more';
  }
}

function items(list: readonly ItemQuantity[]): string {
  return list.map(({ item_id, quantity }) => `${quantity} × ${item_id}`).join(', ');
}
