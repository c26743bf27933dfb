import { isKeyReservation } from '../../event-log/key-reservation.js';
import { createStreamReader, streamPages } from '../../event-log/read/read-stream.js';
import { recordedEvent, type StoredEvent } from '../../event-log/stored-event.js';
import type { LogEpochs } from '../../log-epochs.js';
import type { LineUnits, OrderAmended } from '../../orders/event-data.js';
import type { RecordedEvent } from '../../orders/events.js';
import { evolve } from '../../orders/evolve.js';
import type { Order } from '../../orders/order.js';
import { paymentStatus } from '../../orders/totals.js';
import { UnreadableEvent } from '../../orders/upcast.js';
import { exponentOf } from '../../orders/values/currency.js';
import { formatMinor } from '../../orders/values/money.js';
import { canonicalUuid, isUuid } from '../../orders/values/uuid.js';
import { openStream } from '../../privacy/sealed-events.js';
import { withEventLog } from '../connections.js';
import { readArguments } from '../terminal/arguments.js';
import { errorMessage, UsageError, wrongCall } from '../terminal/errors.js';
import type { Terminal } from '../terminal/terminal.js';

const usage = `orders history ORDER_ID [--json]

  Shows the events of an order as a timeline, read from the log itself, with the order's state after
  each event. ORDER_ID is the order's UUID.

  --json  print the events as one JSON document

  Example: orders history 018f0000-0000-7000-8000-000000000001
           orders history 018f0000-0000-7000-8000-000000000001 --json | jq .events`;

/** `orders history ID`: shows the events of an order as a timeline, read from the log itself. */
export async function historyCommand(args: string[], terminal: Terminal): Promise<void> {
  const { values, positionals } = readArguments(args, usage, { json: { type: 'boolean' } }, 1);
  if (values.help) return terminal.print(usage);
  const [orderId] = positionals;
  if (!isUuid(orderId)) throw wrongCall('ORDER_ID must be the UUID of an order', usage);
  await withEventLog({ terminal }, async ({ pool, openEvents, settings }) => {
    let order: Order | undefined;
    const documents: object[] = [];
    for await (const { events } of streamPages(createStreamReader(pool, settings), canonicalUuid(orderId))) {
      for (const event of await openStream(openEvents, events)) {
        if (isKeyReservation(event)) throw noOrder(orderId);
        if (!order && !values.json) terminal.print(`order ${event.orderId}, partition ${event.partition}\n`);
        const { recorded, after } = applied(order, event, settings.epochs);
        order = after;
        if (values.json) documents.push(documentOf(event, recorded, order));
        else for (const line of linesOf(event, recorded, order)) terminal.print(line);
      }
    }
    if (!order) throw noOrder(orderId);
    if (values.json) terminal.print(JSON.stringify({ order_id: order.orderId, events: documents }));
  });
}

/** Names an event that cannot be read or applied: it stops the projections too. */
function applied(
  order: Order | undefined,
  event: StoredEvent,
  epochs: LogEpochs,
): { recorded: RecordedEvent; after: Order } {
  try {
    const recorded = recordedEvent(event);
    return { recorded, after: evolve(order, recorded) };
  } catch (error) {
    const { partition, position, version, type } = event;
    const name = `${type} at ${epochs.format(partition, position)}, version ${version} of the order,`;
    const cause = error instanceof UnreadableEvent ? error.cause : error;
    throw new Error(`${name} cannot be applied: ${errorMessage(cause)}`, { cause });
  }
}

function noOrder(orderId: string): UsageError {
  return new UsageError(`there is no order ${orderId}`);
}

/** @param order the order after the event. */
function documentOf(stored: StoredEvent, recorded: RecordedEvent, order: Order): object {
  const { partition, position, version, occurredAt: occurred_at, recordedAt: recorded_at, hash } = stored;
  const { type, data, metadata } = recorded;
  const state = { status: order.status, payment_status: paymentStatus(order), on_hold: order.onHold };
  return {
    ...{ version, type, data, metadata, occurred_at, recorded_at },
    partition,
    position,
    hash: hash.toString('hex'),
    state,
  };
}

/** @param order the order after the event. */
function linesOf(stored: StoredEvent, recorded: RecordedEvent, order: Order): string[] {
  const { version, occurredAt, recordedAt, position, hash } = stored;
  const { actor, request_id: requestId } = recorded.metadata;
  const request = requestId ? `, request ${requestId}` : '';
  // Compares minutes only: the two times of most events differ by milliseconds.
  const isRecordedLater = recordedAt.slice(0, 16) !== occurredAt.slice(0, 16);
  return [
    `${String(version).padStart(3)}  ${occurredAt}  ${describe(recorded, order)}`,
    `     by ${actor}${request}, position ${position}, hash ${hash.toString('hex').slice(0, 16)}…`,
    ...(isRecordedLater ? [`     recorded ${recordedAt}`] : []),
    `     → ${order.status}, ${paymentStatus(order)}${order.onHold ? ', on hold' : ''}`,
  ];
}

function describe(event: RecordedEvent, { currency }: Order): string {
  const money = (minor: number) => `${formatMinor(minor, exponentOf(currency))} ${currency}`;
  switch (event.type) {
    case 'OrderPlaced':
      return `placed by user ${event.data.user_id}: ${items(event.data.items)} for ${money(event.data.total_minor)}`;
    case 'OrderAmended':
      return `amended${amendments(event.data, money)}${event.data.reason === null ? '' : `: ${event.data.reason}`}`;
    case 'OrderPaid':
      return `paid ${money(event.data.amount_minor)}${event.data.payment_reference ? ` (${event.data.payment_reference})` : ''}`;
    case 'OrderProcessingStarted':
      return 'processing started';
    case 'OrderShipped': {
      const how = [event.data.carrier, event.data.tracking_number].filter(Boolean).join(' ');
      return `shipped ${items(event.data.items)}${how ? ` with ${how}` : ''}`;
    }
    case 'OrderShipmentTracked': {
      const how = [event.data.carrier, event.data.tracking_number].filter(Boolean).join(' ');
      return `shipment ${event.data.shipment_id} corrected: ${how}`;
    }
    case 'OrderDelivered':
      return event.data.items ? `delivered ${items(event.data.items)}` : 'delivered everything in transit';
    case 'OrderCancelled': {
      const { items: units, amount_minor, reason } = event.data;
      const amount = amount_minor === null ? '' : ` for ${money(amount_minor)}`;
      return `cancelled ${units ? items(units) : 'all that was not shipped'}${amount}: ${reason}`;
    }
    case 'OrderCredited':
      return `credited ${money(event.data.amount_minor)}: ${event.data.reason}`;
    case 'OrderRefunded':
      return `refunded ${money(event.data.amount_minor)}: ${event.data.reason}`;
    case 'OrderReturned':
      return `returned ${items(event.data.items)}${event.data.ship_again ? ', to be shipped again' : ''}: ${event.data.reason}`;
    case 'OrderHeld':
      return `put on hold: ${event.data.reason}`;
    case 'OrderReleased':
      return `released: ${event.data.reason}`;
    case 'OrderNoteAdded':
      return `note: ${event.data.text}`;
    case 'OrderPersonErased':
      return 'person erased: the personal data of this order cannot be read any more';
  }
}

function amendments(data: OrderAmended, money: (minor: number) => string): string {
  const parts = [
    data.items ? ` to ${items(data.items)}` : '',
    data.total_minor === undefined ? '' : ` for ${money(data.total_minor)}`,
    data.reference === undefined ? '' : ` with reference ${data.reference}`,
    data.metadata === undefined ? '' : ' with other metadata',
  ];
  return parts.filter(Boolean).join(',');
}

function items(list: readonly LineUnits[]): string {
  return list.map(({ item_id, quantity }) => `${quantity} × ${item_id}`).join(', ');
}
