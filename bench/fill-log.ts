import { randomUUID } from 'node:crypto';
import { commandHash, storedHash } from '../src/commands/idempotency.js';
import type { NewEvent } from '../src/event-log/append/append.js';
import { createAppender } from '../src/event-log/append/group-commit.js';
import type { LogSettings, Pool } from '../src/event-log/database.js';
import { utcTime } from '../src/orders/values/utc-time.js';

const hourMs = 3_600_000;
const start = Date.UTC(2026, 0, 1);
/** The log's orders are placed one after another within half a year. */
const placedWithinMs = 180 * 24 * hourMs;
/** When the events of an order's life happen after its placing. */
const hours = [0, 1, 5, 20, 60];

/**
 * The events of an order.
 * @param nth the number of the order
 * @param atMs gives the time of an event by its index
 */
type Life = (nth: number, atMs: (nthEvent: number) => number) => NewEvent[];

/** The life of one order in five events: placed, paid, processed, shipped, delivered. */
function lifeOf(nth: number, atMs: (nthEvent: number) => number): NewEvent[] {
  const items = Array.from({ length: 1 + (nth % 3) }, (_, line) => ({
    item_id: `item-${(nth * 7 + line) % 5_000}`,
    quantity: 1 + (line % 2),
    unit_price_minor: 1_999,
  }));
  const units = items.reduce((sum, { quantity }) => sum + quantity, 0);
  const placed = {
    user_id: `user-${nth % 20_000}`,
    currency: 'USD',
    total_minor: units * 1_999,
    items,
    metadata: { channel: 'web' },
  };
  const shipped = items.map(({ item_id, quantity }) => ({ item_id, quantity }));
  // The metadata that the service writes for a request without trace headers.
  const event = (type: string, data: object, index: number): NewEvent => {
    const metadata = { schema: 1, actor: 'anonymous', request_id: randomUUID() };
    const command_hash = storedHash(commandHash(data));
    return {
      type,
      data: JSON.stringify(data),
      metadata: JSON.stringify({ ...metadata, command_hash }),
      occurredAt: utcTime(atMs(index)),
    };
  };
  return [
    event('OrderPlaced', placed, 0),
    event('OrderPaid', { amount_minor: placed.total_minor, payment_reference: `pay-${nth}` }, 1),
    event('OrderProcessingStarted', {}, 2),
    event('OrderShipped', { items: shipped, carrier: 'DHL', tracking_number: `T${nth}` }, 3),
    event('OrderDelivered', {}, 4),
  ];
}

interface OpenOrder {
  readonly orderId: string;
  readonly life: readonly NewEvent[];
  version: number;
  /** Its last append: the next one waits for it. */
  appended: Promise<unknown>;
}

/**
 * Fills a log with orders, `eventsEach` events each, through the service's append. The
 * events come in the order of their times, as a shop's do: between two events of one order there
 * are events of many others.
 * @param life the events of each order
 */
export async function fillLog(
  pool: Pool,
  settings: LogSettings,
  orders: number,
  eventsEach = 5,
  life: Life = lifeOf,
): Promise<void> {
  const { append } = createAppender(pool, settings);
  const events = ordersInTime(orders, eventsEach, life);
  await Promise.all(
    Array.from({ length: 400 }, async () => {
      for (const order of events) {
        const expectedVersion = order.version;
        const event = order.life[expectedVersion];
        if (!event) throw new Error('an order has no more events');
        order.version += 1;
        order.appended = order.appended.then(() =>
          append({ orderId: order.orderId, expectedVersion, events: [event] }),
        );
        await order.appended;
      }
    }),
  );
}

/** The orders in the order of their events' times: each order once per event. */
function* ordersInTime(orders: number, eventsEach: number, lifeOf: Life): Generator<OpenOrder> {
  const everyMs = placedWithinMs / orders;
  const open = new Map<number, OpenOrder>();
  const delays = hours.slice(0, eventsEach).map((after) => Math.round((after * hourMs) / everyMs));
  const longest = delays.at(-1) ?? 0;
  for (let now = 0; now < orders + longest; now += 1) {
    if (now < orders) {
      const placedAtMs = Math.floor(start + now * everyMs);
      const life = lifeOf(now, (index) => placedAtMs + (hours[index] ?? 0) * hourMs);
      open.set(now, { orderId: randomUUID(), life, version: 0, appended: Promise.resolve() });
    }
    for (const [index, delay] of delays.entries()) {
      const order = open.get(now - delay);
      if (!order) continue;
      if (index === delays.length - 1) open.delete(now - delay);
      yield order;
    }
  }
}
