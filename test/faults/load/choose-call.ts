import type { Random } from '../../support/random.js';
import type { OrderInPlay } from './orders-in-play.js';
import { uuidFrom } from './orders-in-play.js';
import type { Persons } from './persons.js';

/** A call that a caller is to make. */
export interface ChosenCall {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  /** The order that it is about, whose position a query carries. */
  readonly orderId?: string;
  /** The planted name that an order is placed with. */
  readonly person?: string;
}

/** Users whose orders are listed and looked up. */
const users = 12;
const carriers = ['DHL', 'UPS', 'GLS'] as const;

/** Chooses the next call: about a quarter of them place orders, and a third are queries. */
export function chooseCall(random: Random, order: OrderInPlay | undefined, persons: Persons): ChosenCall {
  const die = random.next();
  if (!order || die < 0.2) return { method: 'POST', path: '/orders', body: orderToPlace(random) };
  if (die < 0.22) {
    const person = persons.begin(random);
    const body = { ...orderToPlace(random), user_id: person, metadata: { name: person } };
    return { method: 'POST', path: '/orders', body, person };
  }
  if (die < 0.27) return batch(random, order);
  if (die < 0.65) {
    const { command, body } = chooseCommand(random, order);
    return { method: 'POST', path: `/orders/${order.id}/${command}`, body, orderId: order.id };
  }
  return query(random, order);
}

function orderToPlace(random: Random): object {
  const user_id = `user-${random.integer(1, users)}`;
  const optional = {
    ...(random.chance(0.4) ? { order_id: uuidFrom(random) } : {}),
    ...(random.chance(0.5) ? { reference: `#${random.integer(1_000, 9_999)}` } : {}),
    ...(random.chance(0.2) ? { metadata: { channel: random.pick(['web', 'shop', 'phone']) } } : {}),
    ...(random.chance(0.2) ? { currency: random.pick(['EUR', 'JPY', 'KWD']) } : {}),
  };
  if (random.chance(0.3)) {
    const item_ids = Array.from({ length: random.integer(1, 3) }, () => itemId(random));
    return { user_id, item_ids, total_amount: random.integer(0, 500), ...optional };
  }
  const items = Array.from({ length: random.integer(1, 4) }, () => ({
    item_id: itemId(random),
    quantity: random.integer(1, 5),
    unit_price: random.integer(0, 100),
  }));
  const adjustments = random.chance(0.3) ? { adjustments: [{ type: 'shipping', amount: 5 }] } : {};
  return { user_id, items, ...adjustments, ...optional };
}

/** Mostly a command that the order allows, by what the caller knows of it. */
function chooseCommand(random: Random, { status, balance }: OrderInPlay): { command: string; body: object } {
  const reason = random.pick(['because', 'damaged', 'customer asked']);
  const always = [
    { command: 'note', body: { text: `note ${random.integer(1, 999)}` } },
    { command: 'amend', body: { reference: `#${random.integer(1_000, 9_999)}` } },
    { command: 'pay', body: balance > 0 && random.chance(0.7) ? {} : { amount: random.integer(1, 50) } },
    {
      command: 'pay',
      body: { amount: random.integer(1, 9), payment_reference: `p-${random.integer(1, 3)}`, already_received: true },
    },
    { command: 'refund', body: random.chance(0.5) ? { reason } : { reason, amount: 1, payable_again: true } },
    { command: 'credit', body: { reason, amount: 1 } },
  ];
  const byStatus: Record<string, { command: string; body: object }[]> = {
    pending: [
      { command: 'process', body: {} },
      { command: 'process', body: {} },
      { command: 'hold', body: { reason } },
      { command: 'release', body: { reason } },
      { command: 'amend', body: { item_ids: [itemId(random)], total_amount: random.integer(1, 90), reason } },
      { command: 'cancel', body: { reason } },
    ],
    processing: [
      { command: 'ship', body: { carrier: random.pick(carriers), tracking_number: `T-${random.integer(1, 9_999)}` } },
      { command: 'ship', body: {} },
      { command: 'hold', body: { reason } },
      { command: 'release', body: { reason } },
      { command: 'cancel', body: { reason } },
    ],
    shipped: [
      { command: 'deliver', body: {} },
      { command: 'track', body: { shipment_id: '1', tracking_number: `T-${random.integer(1, 9_999)}` } },
      { command: 'return', body: { reason, from: 'transit' } },
    ],
    delivered: [
      { command: 'return', body: { reason } },
      { command: 'return', body: { reason, ship_again: true } },
    ],
  };
  const some = byStatus[status] ?? [];
  return random.pick(some.length > 0 && random.chance(0.65) ? some : always);
}

function batch(random: Random, order: OrderInPlay): ChosenCall {
  const lines = Array.from({ length: random.integer(2, 8) }, (_, nth) => {
    const idempotency_key = `${uuidFrom(random)}-${nth}`;
    if (random.chance(0.4)) return { command: 'place', ...orderToPlace(random), idempotency_key };
    const { command, body } = chooseCommand(random, order);
    return { command, order_id: order.id, ...body, idempotency_key };
  });
  return { method: 'POST', path: '/orders/batch', body: lines };
}

function query(random: Random, { id }: OrderInPlay): ChosenCall {
  const die = random.next();
  if (die < 0.5) return { method: 'GET', path: `/orders/${id}`, orderId: id };
  if (die < 0.65) return { method: 'GET', path: `/orders/${id}/history`, orderId: id };
  if (die < 0.75) return { method: 'GET', path: `/orders?user_id=user-${random.integer(1, users)}&limit=20` };
  if (die < 0.8) return { method: 'GET', path: `/orders?status=${random.pick(['pending', 'shipped'])}&limit=20` };
  if (die < 0.85) return { method: 'GET', path: `/orders/lookup?q=${id}`, orderId: id };
  if (die < 0.92) return { method: 'GET', path: `/orders/metrics?currency=${random.pick(['USD', 'EUR'])}` };
  if (die < 0.96) return { method: 'GET', path: `/orders/${id}/commands`, orderId: id };
  return { method: 'GET', path: '/orders?sort=updated&updated_since=2020-01-01T00:00:00Z&limit=20' };
}

function itemId(random: Random): string {
  return random.pick(['lamp', 'bulb', 'cup', 'shirt', 'table']);
}
