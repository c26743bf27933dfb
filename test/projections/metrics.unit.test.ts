import { expect } from 'chai';
import { metricsProjection } from '../../src/projections/metrics.js';
import { dayMs, figureFields, hourMs } from '../../src/read-models/figure-fields.js';
import { addEncoded, emptyFigures, encodedParts } from '../../src/read-models/figures.js';
import { metricsKeys } from '../../src/read-models/metrics.js';
import { type Given, KeysInMemory, plainKeys, projectedEvents, step } from '../support/projected-steps.js';

const key = metricsKeys(plainKeys);
const start = Date.UTC(2026, 0, 1);
const other = '018f0000-0000-7000-8000-000000000002';

const units = (quantity: number) => [{ line_id: '1', item_id: 'a', quantity }];
const placed = (total = 100, currency = 'USD', order?: string): Given => [
  'OrderPlaced',
  {
    ...{ user_id: 'u', currency, total_minor: total, metadata: {} },
    items: [{ item_id: 'a', quantity: 4, unit_price_minor: null }],
  },
  order,
];
const paid = (amount: number): Given => ['OrderPaid', { amount_minor: amount, payment_reference: null }];
const refunded = (amount: number, credited: number): Given => [
  'OrderRefunded',
  { amount_minor: amount, credited_minor: credited, reason: 'r' },
];
const credited = (amount: number): Given => ['OrderCredited', { amount_minor: amount, reason: 'r' }];
const cancelled = (quantity: number | null, amount: number): Given => [
  'OrderCancelled',
  { items: quantity === null ? null : units(quantity), amount_minor: amount, reason: 'r' },
];
const shipped = (quantity: number): Given => [
  'OrderShipped',
  { items: units(quantity), carrier: null, tracking_number: null, shipment_id: '1' },
];
const delivered = (quantity: number): Given => ['OrderDelivered', { items: units(quantity), shipment_id: '1' }];
const returned = (quantity: number): Given => [
  'OrderReturned',
  { items: units(quantity), shipment_id: '1', reason: 'r' },
];
const note: Given = ['OrderNoteAdded', { text: 'n' }];

/** The figures of a field, without those that are 0. Undefined if the field is not there. */
function figuresOf(keys: KeysInMemory, hash: string, field: string) {
  const text = keys.hashes.get(hash)?.get(field);
  if (text === undefined) return undefined;
  const all = emptyFigures();
  for (const [, values] of encodedParts(text)) addEncoded(all, values, 'with durations');
  const { placedToShipped, placedToDelivered, firstHour, lastHour, byStatus, ...sums } = all;
  const amounts = Object.entries(sums).map(([name, sum]): [string, number] => [name, Number(sum)]);
  const statuses = [...byStatus].map(([status, orders]): [string, number] => [`status ${status}`, orders]);
  return Object.fromEntries([...amounts, ...statuses].filter(([, sum]) => sum !== 0));
}

/** The times that the total counts: to shipping, and to delivery. */
function timesOf(keys: KeysInMemory, hash: string) {
  const all = emptyFigures();
  for (const [, values] of encodedParts(keys.hashes.get(hash)?.get('total') ?? '[]'))
    addEncoded(all, values, 'with durations');
  return [all.placedToShipped, all.placedToDelivered].map(({ count, sumMs }) => [count, sumMs]);
}

/** The keys after events, with one day between two of them, in steps of up to `size`. */
async function afterDays(given: readonly Given[], size = given.length): Promise<KeysInMemory> {
  const keys = new KeysInMemory();
  const events = await projectedEvents(given, dayMs);
  while (events.length > 0) await step(metricsProjection, keys, events.splice(0, size));
  return keys;
}

const [usd, usdByEvent] = [key.figures('USD'), key.byEvent('USD')];
const dayAfter = (days: number) => figureFields.day(start + days * dayMs);

describe('metrics', () => {
  const life = [placed(), paid(90), refunded(20, 15), credited(5), cancelled(1, 25)];
  const present = {
    ...{ orders: 1, units: 4, gross: 100, paid: 90, givenBack: 20 },
    ...{ refunded: 15, credited: 5, cancelled: 25, 'status pending': 1 },
  };

  for (const size of [1, 2, 5]) {
    it(`counts an order as it is now at the time of its placing, in steps of ${size}`, async () => {
      const keys = await afterDays(life, size);
      const fields = [
        figureFields.total,
        figureFields.month(start),
        figureFields.day(start),
        figureFields.block(start),
      ];
      expect([...(keys.hashes.get(usd)?.keys() ?? [])].toSorted()).to.deep.equal(fields.toSorted());
      for (const field of fields) expect(figuresOf(keys, usd, field), field).to.deep.equal(present);
      expect(keys.sets.get(key.currencies)).to.deep.equal(new Set(['USD']));
    });

    it(`counts each amount at the time of its event too, in steps of ${size}`, async () => {
      const keys = await afterDays(life, size);
      const days = life.map((_, index) => figuresOf(keys, usdByEvent, dayAfter(index)));
      expect(days).to.deep.equal([
        { orders: 1, units: 4, gross: 100 },
        { paid: 90 },
        { refunded: 15, givenBack: 20 },
        { credited: 5 },
        { cancelled: 25 },
      ]);
      const { 'status pending': _, ...amounts } = present;
      expect(figuresOf(keys, usdByEvent, 'total')).to.deep.equal(amounts);
    });

    it(`counts the order as cancelled once, when its last units are: in steps of ${size}`, async () => {
      const keys = await afterDays(
        [placed(), paid(90), cancelled(1, 25), cancelled(null, 75), refunded(90, 0), refunded(5, 5)],
        size,
      );
      const days = [0, 1, 2, 3, 4, 5].map((day) => figuresOf(keys, usdByEvent, dayAfter(day)));
      expect(days).to.deep.equal([
        { orders: 1, units: 4, gross: 100 },
        { paid: 90 },
        { cancelled: 25 },
        { cancelled: 75, 'status cancelled': 1 },
        { givenBack: 90 },
        { givenBack: 5 },
      ]);
    });

    it(`counts the times to shipping and to delivery once, in steps of ${size}`, async () => {
      const given = [placed(), shipped(1), delivered(1), shipped(3), note, delivered(3), returned(1), note];
      const keys = await afterDays(given, size);
      expect(timesOf(keys, usd)).to.deep.equal([
        [1, 3 * dayMs],
        [1, 5 * dayMs],
      ]);
      expect(timesOf(keys, usdByEvent)).to.deep.equal([
        [0, 0],
        [0, 0],
      ]);
      const notDelivered = await afterDays(given.slice(0, 5), size);
      expect(timesOf(notDelivered, usd)).to.deep.equal([
        [1, 3 * dayMs],
        [0, 0],
      ]);
    });
  }

  it('reads and writes no figures by event for events that change no amount', async () => {
    const keys = new KeysInMemory();
    const events = await projectedEvents(
      [placed(), note, ['OrderProcessingStarted', {}], ['OrderHeld', { reason: 'r' }], shipped(4), delivered(4)],
      dayMs,
    );
    await step(metricsProjection, keys, events.splice(0, 1));
    keys.reads.length = 0;
    const before = [...(keys.hashes.get(usdByEvent) ?? [])];
    while (events.length > 0) await step(metricsProjection, keys, events.splice(0, 1));
    expect(keys.reads.filter(([, hash]) => hash === usdByEvent)).to.deep.equal([]);
    expect([...(keys.hashes.get(usdByEvent) ?? [])]).to.deep.equal(before);
  });

  it('counts each currency by itself, and the orders of a step together', async () => {
    const given = [placed(100), placed(7, 'JPY', other), placed(11, 'USD', other.replace(/2$/, '3'))];
    const keys = await afterDays(given);
    expect(figuresOf(keys, usd, 'total')).to.deep.equal({ orders: 2, units: 8, gross: 111, 'status pending': 2 });
    expect(figuresOf(keys, key.figures('JPY'), 'total')).to.deep.equal({
      orders: 1,
      units: 4,
      gross: 7,
      'status pending': 1,
    });
    expect(keys.sets.get(key.currencies)).to.deep.equal(new Set(['USD', 'JPY']));
  });

  it('shows the first and the last hour of its orders, and of their events', async () => {
    const keys = await afterDays([placed(), placed(1, 'USD', other), note, paid(1), note]);
    const hours = (hash: string) => JSON.parse(keys.hashes.get(hash)?.get('total') ?? '[]')[1].slice(-2);
    const hourAfter = (days: number) => (start + days * dayMs) / hourMs;
    expect(hours(usd)).to.deep.equal([hourAfter(0), hourAfter(1)]);
    expect(hours(usdByEvent)).to.deep.equal([hourAfter(0), hourAfter(3)]);
  });
});
