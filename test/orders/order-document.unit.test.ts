import { expect } from 'chai';
import fc from 'fast-check';
import { adjustmentTypes } from '../../src/orders/event-data.js';
import { orderLimits } from '../../src/orders/limits.js';
import type { Order } from '../../src/orders/order.js';
import { orderDocument, orderJson } from '../../src/orders/order-document.js';
import { orderStatuses } from '../../src/orders/totals.js';
import { currencyCodes } from '../../src/orders/values/currency.js';
import { utcMs, utcTime } from '../../src/orders/values/utc-time.js';

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string(),
  fc.constantFrom('\ud800', '"', '\\', '\u2028', '\u007f'),
);
const amount = fc.integer({ min: 0, max: orderLimits.maxAmountMinor });
const time = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31, 23, 59, 59, 999) });
const count = fc.nat(1_000);

const someText = fc.string({ minLength: 1 });
const anyOrder: fc.Arbitrary<Order> = fc.record({
  orderId: fc.uuid(),
  userId: text,
  reference: fc.option(text),
  status: fc.constantFrom(...orderStatuses),
  onHold: fc.boolean(),
  items: fc.array(
    fc.record({
      lineId: text,
      itemId: fc.oneof(text, fc.constantFrom('a', 'b')),
      quantity: count,
      unitPriceMinor: fc.option(amount),
      unitPriceMicro: fc.option(amount),
      cancelled: count,
      shipped: count,
      inTransit: count,
      delivered: count,
      returned: count,
    }),
    { maxLength: 20 },
  ),
  units: fc.constant({ ordered: 0, cancelled: 0, shipped: 0, inTransit: 0, delivered: 0, returned: 0 }),
  adjustments: fc.array(
    fc.record({
      type: fc.constantFrom(...adjustmentTypes),
      amountMinor: fc.integer({ min: -orderLimits.maxAmountMinor, max: orderLimits.maxAmountMinor }),
      description: fc.option(someText),
    }),
  ),
  shipments: fc.array(
    fc.record({
      shipmentId: fc.constantFrom('1', '2'),
      carrier: fc.option(someText),
      trackingNumber: fc.option(text),
      shippedAt: time.map(utcTime),
      arrivedAt: fc.option(time.map(utcTime)),
      inTransit: fc.nat(1),
      items: fc.array(
        fc.record({ lineId: text, itemId: text, quantity: count, inTransit: count, withCustomer: count }),
      ),
    }),
  ),
  currency: fc.constantFrom(...currencyCodes),
  totalMinor: amount,
  cancelledMinor: amount,
  creditedMinor: amount,
  creditedByRefundsMinor: amount,
  paidMinor: amount,
  refundedMinor: amount,
  isCancelledBySchema1: fc.boolean(),
  metadata: fc.dictionary(text, text),
  placedAt: time.map(utcTime),
  updatedAt: time.map(utcTime),
  version: fc.integer({ min: 1 }),
  firstPaidAt: fc.constant(null),
  lastPayment: fc.constant(null),
});

describe('the document of an order', () => {
  it('orderJson returns the text of JSON.stringify for every order', () => {
    fc.assert(
      fc.property(anyOrder, (order) => {
        expect(orderJson(order)).to.equal(JSON.stringify(orderDocument(order)));
      }),
      { numRuns: 1_000 },
    );
  });

  it('a shipment shows when it was delivered only once none of its units is in transit', () => {
    const [order] = fc.sample(anyOrder, 1);
    if (!order) throw new Error('there is no order');
    const shipment = (inTransit: number) => ({
      ...{
        shipmentId: '1',
        carrier: 'DHL',
        trackingNumber: null,
        shippedAt: utcTime(0),
        arrivedAt: utcTime(1),
        inTransit,
      },
      items: [{ lineId: 'x', itemId: 'a', quantity: 2, inTransit, withCustomer: 2 - inTransit }],
    });
    const shown = {
      ...{ shipment_id: '1', carrier: 'DHL', tracking_number: null, shipped_at: utcTime(0) },
      items: [{ line_id: 'x', item_id: 'a', quantity: 2 }],
    };
    expect(orderDocument({ ...order, shipments: [shipment(1), shipment(0)] }).shipments).to.deep.equal([
      { ...shown, delivered_at: null },
      { ...shown, delivered_at: utcTime(1) },
    ]);
  });

  it('amounts and prices are in major units, and a field that an order lacks is absent', () => {
    const [order] = fc.sample(anyOrder, 1);
    if (!order) throw new Error('there is no order');
    const line = {
      lineId: 'x',
      itemId: 'a',
      quantity: 1,
      cancelled: 0,
      shipped: 0,
      inTransit: 0,
      delivered: 0,
      returned: 0,
    };
    const items = [
      { ...line, unitPriceMinor: 1999, unitPriceMicro: null },
      { ...line, unitPriceMinor: null, unitPriceMicro: 125_000 },
      { ...line, unitPriceMinor: null, unitPriceMicro: null },
    ];
    const adjustments = [
      { type: 'tax', amountMinor: 5, description: 'VAT' },
      { type: 'discount', amountMinor: -250, description: null },
    ] as const;
    const document = orderDocument({ ...order, currency: 'USD', totalMinor: 2005, items, adjustments });
    expect(document.total_amount).to.equal(20.05);
    expect(document.items.map((item) => ('unit_price' in item ? item.unit_price : 'absent'))).to.deep.equal([
      ...[19.99, 0.125, 'absent'],
    ]);
    expect(document.adjustments).to.deep.equal([
      { type: 'tax', amount: 0.05, description: 'VAT' },
      { type: 'discount', amount: -2.5 },
    ]);
  });

  it('utcTime and utcMs agree with Date for every time from 1970 to 9999', () => {
    fc.assert(
      fc.property(time, (ms) => {
        expect(utcTime(ms)).to.equal(new Date(ms).toISOString());
        expect(utcMs(utcTime(ms))).to.equal(ms);
      }),
      { numRuns: 1_000 },
    );
    for (const none of [-1, Number.NaN, Number.POSITIVE_INFINITY, Date.UTC(10_000, 0, 1)]) {
      expect(() => utcTime(none), String(none)).to.throw(RangeError, `${none} is no time from 1970 to 9999`);
    }
    for (let year = 1970; year < 10_000; year += 1) {
      for (const day of ['02-28', '03-01', '12-31', '01-01']) {
        const at = `${year}-${day}T23:59:59.999Z`;
        expect(utcMs(at), at).to.equal(Date.parse(at));
      }
    }
    expect(utcMs('2024-02-29T12:00:00Z')).to.equal(Date.UTC(2024, 1, 29, 12));
  });
});
