// The commands of one order, with the times at which they happened: placed, paid (some late, some
// never), processed, shipped in one parcel or two, delivered, and at times returned and refunded.
import { articles, markets, notes, reasons } from './catalogue.mjs';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/**
 * @param {ReturnType<import('./random.mjs').createRandom>} random
 * @param {{ placedAtMs: number, number: number, customers: number }} given
 * @returns {{ atMs: number, command: object }[]} in the order in which they happened
 */
export function lifeCycle(random, { placedAtMs, number, customers }) {
  const market = random.weighted(
    markets,
    markets.map(({ share }) => share),
  );
  const orderId = random.uuid(placedAtMs);
  const steps = [];
  let atMs = placedAtMs;
  const then = (waitMs, command, body = {}) => {
    atMs += Math.max(1_000, waitMs);
    const key = `demo-${number}-${steps.length}`;
    steps.push({ atMs, command: { command, order_id: orderId, idempotency_key: key, ...body } });
  };
  const items = itemsOf(random, market, new Date(placedAtMs).getUTCMonth());
  then(0, 'place', {
    user_id: customerOf(random, customers),
    reference: `#${10_000 + number}`,
    currency: market.currency,
    items,
    adjustments: adjustmentsOf(random, market),
    metadata: { channel: random.weighted(['web', 'app', 'phone'], [70, 26, 4]) },
  });
  if (random.chance(0.04)) then(random.exponential(5 * hourMs), 'note', { text: random.pick(notes) });
  if (random.chance(0.035)) {
    then(random.exponential(6 * hourMs), 'cancel', { reason: random.pick(reasons.cancel) });
    return steps;
  }
  const isPaid = pay(random, then);
  // Money that never came cannot be given back: the order is worth less instead.
  const giveBack = (waitMs, body) => then(waitMs, isPaid ? 'refund' : 'credit', body);
  if (random.chance(0.02)) {
    then(random.exponential(hourMs), 'hold', { reason: random.pick(reasons.hold) });
    then(hourMs + random.exponential(20 * hourMs), 'release', { reason: 'checked' });
  }
  then(30 * minuteMs + random.exponential(8 * hourMs), 'process');
  const [first] = items;
  if (items.length > 1 && random.chance(0.1)) {
    ship(random, market, then, { items: [{ item_id: first.item_id, quantity: first.quantity }] });
    if (random.chance(0.15)) {
      then(random.exponential(dayMs), 'cancel', { reason: 'sold out' });
      if (isPaid) giveBack(hourMs, { reason: 'the cancelled units' });
    } else ship(random, market, then, {});
  } else ship(random, market, then, {});
  then(dayMs + random.exponential(1.5 * dayMs), 'deliver');
  if (random.chance(0.02)) {
    giveBack(random.exponential(3 * dayMs), { amount: smallAmount(market), reason: random.pick(reasons.credit) });
  }
  if (random.chance(0.07)) {
    const isPart = items.length > 1 && random.chance(0.6);
    const back = isPart ? { items: [{ item_id: first.item_id, quantity: 1 }] } : {};
    then(3 * dayMs + random.exponential(5 * dayMs), 'return', { ...back, reason: random.pick(reasons.return) });
    giveBack(random.exponential(dayMs), { ...(isPaid ? back : {}), reason: 'returned' });
  }
  return steps;
}

/** Cards pay at once, transfers after days. A payment may come before or after the parcel. */
function pay(random, then) {
  const method = random.weighted(['card', 'wallet', 'transfer'], [60, 25, 15]);
  const reference = `${method}-${random.integer(100_000, 999_999)}`;
  const waitMs = method === 'transfer' ? dayMs + random.exponential(3 * dayMs) : 20_000 + random.exponential(minuteMs);
  if (method === 'transfer' && random.chance(0.08)) return false;
  then(waitMs, 'pay', { payment_reference: reference });
  return true;
}

function ship(random, market, then, body) {
  const tracking = String(random.integer(10_000_000_000, 99_999_999_999));
  const carrier = random.pick(market.carriers);
  then(4 * hourMs + random.exponential(dayMs), 'ship', { ...body, carrier, tracking_number: tracking });
}

function itemsOf(random, market, month) {
  const count = random.weighted([1, 2, 3, 4, 5], [46, 28, 14, 8, 4]);
  const weights = articles.map(({ season }) => (season === undefined ? 3 : 1 + 5 * closeness(season, month)));
  const chosen = new Map();
  for (let nth = 0; nth < count; nth += 1) {
    const article = random.weighted(articles, weights);
    chosen.set(article, (chosen.get(article) ?? 0) + random.weighted([1, 2, 3], [78, 17, 5]));
  }
  return [...chosen].map(([{ id, cents }, quantity]) => ({
    item_id: id,
    quantity,
    unit_price: price(cents, market),
  }));
}

/** 1 in the month of the season, 0 half a year from it. */
function closeness(season, month) {
  const apart = Math.abs(season - month);
  return 1 - Math.min(apart, 12 - apart) / 6;
}

function adjustmentsOf(random, market) {
  const adjustments = [];
  if (random.chance(0.7)) adjustments.push({ type: 'shipping', amount: price(490, market), description: 'Standard' });
  if (random.chance(0.12))
    adjustments.push({ type: 'discount', amount: -Number(price(250, market)), description: 'WELCOME' });
  return adjustments;
}

function customerOf(random, customers) {
  // Few customers order often.
  const nth = Math.floor(customers * random.next() ** 2.2);
  return `customer-${String(nth + 1).padStart(4, '0')}`;
}

function smallAmount(market) {
  return price(400, market);
}

/** A price in euro cents as the market's currency writes it. */
function price(cents, { rate, decimals }) {
  return ((cents / 100) * rate).toFixed(decimals);
}
