import { randomUUID } from 'node:crypto';
import { commandHash, storedHash } from '../src/commands/idempotency.js';
import { type AppendEvents, createAppender, type NewEvent } from '../src/event-log/append.js';
import type { LogSettings, Pool } from '../src/event-log/database.js';

const day = 86_400_000;
const start = Date.UTC(2026, 0, 1);

/** The life of one order in five events, as a shop's order has it: placed, paid, processed, shipped, delivered. */
function lifeOf(nth: number): NewEvent[] {
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
  const at = (hours: number) => new Date(start + (nth % 180) * day + hours * 3_600_000).toISOString();
  // With the metadata that the service writes for a request that names none of it.
  const event = (type: string, data: object, hours: number): NewEvent => {
    const metadata = { schema: 1, actor: 'anonymous', request_id: randomUUID() };
    const command_hash = storedHash(commandHash(data));
    return {
      type,
      data: JSON.stringify(data),
      metadata: JSON.stringify({ ...metadata, command_hash }),
      occurredAt: at(hours),
    };
  };
  return [
    event('OrderPlaced', placed, 0),
    event('OrderPaid', { amount_minor: placed.total_minor, payment_reference: `pay-${nth}` }, 1),
    event('OrderProcessingStarted', {}, 5),
    event('OrderShipped', { items: shipped, carrier: 'DHL', tracking_number: `T${nth}` }, 20),
    event('OrderDelivered', {}, 60),
  ];
}

/** Fills a log with orders, the first so many events of each, through the append of the service. */
export async function fillLog(pool: Pool, settings: LogSettings, orders: number, eventsEach = 5): Promise<void> {
  const append: AppendEvents = createAppender(pool, settings, () => undefined);
  let next = 0;
  await Promise.all(
    Array.from({ length: 400 }, async () => {
      while (next < orders) {
        const nth = next;
        next += 1;
        await append({ orderId: randomUUID(), expectedVersion: 0, events: lifeOf(nth).slice(0, eventsEach) });
      }
    }),
  );
}
