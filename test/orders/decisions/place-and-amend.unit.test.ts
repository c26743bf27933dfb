import type { AmendOrder, PlaceOrder } from '../../../src/orders/commands.js';
import { cancelled, credited, given, paid, placed, processing, shipped } from '../../support/given.js';

const place = { command: 'place', userId: 'u-1', currency: 'USD' } as const;
const lamp = { item_id: 'lamp', quantity: 2, unit_price: 10 } as const;

function placing(command: Partial<PlaceOrder>) {
  return given().when({ ...place, ...command });
}

describe('the lines and the money of an order', () => {
  it('the total is the sum of lines and adjustments, and may be left out if all lines have prices', () => {
    const adjustments = [
      { type: 'shipping', amount: 5, description: 'DHL' },
      { type: 'discount', amount: '-2.50' },
      { type: 'other', amount: -0.01 },
    ] as const;
    placing({ items: [lamp], adjustments }).thenOrder({
      totalMinor: 2249,
      adjustments: [
        { type: 'shipping', amountMinor: 500, description: 'DHL' },
        { type: 'discount', amountMinor: -250, description: null },
        { type: 'other', amountMinor: -1, description: null },
      ],
    });
    placing({ items: [lamp], adjustments, totalAmount: '22.49' }).thenOrder({ totalMinor: 2249 });
    placing({ items: [lamp], adjustments, totalAmount: 20 }).thenRejected('invalid-command', /adjustments, 22\.49/);
  });
  it('adjustments are money, not units', () =>
    placing({ items: [lamp], adjustments: [{ type: 'tip', amount: 3 }] }).thenOrder({
      units: { ordered: 2, cancelled: 0, shipped: 0, inTransit: 0, delivered: 0, returned: 0 },
    }));
  it('the total is required if a line has no price', () => {
    placing({ items: [lamp, { item_id: 'gift', quantity: 1 }] }).thenRejected('invalid-command', /required/);
    placing({ itemIds: ['a'] }).thenRejected('invalid-command', /required/);
    placing({ items: [lamp, { item_id: 'gift', quantity: 1 }], totalAmount: 1 }).thenOrder({ totalMinor: 100 });
  });
  it('an item may have several lines, and line ids are the numbers of the lines by default', () =>
    placing({ items: [lamp, { item_id: 'lamp', quantity: 1, unit_price: 0 }] }).thenLines(
      { lineId: '1', itemId: 'lamp', unitPriceMinor: 1000 },
      { lineId: '2', itemId: 'lamp', unitPriceMinor: 0 },
    ));
  it('a unit price may have up to six decimals if the price of the whole line is whole in minor units', () => {
    placing({ items: [{ item_id: 'screw', quantity: 1000, unit_price: '0.012345' }] }).thenRejected(
      'invalid-command',
      /whole/,
    );
    placing({ items: [{ item_id: 'screw', quantity: 2000, unit_price: '0.012345' }] }).thenOrder({ totalMinor: 2469 });
    placing({ items: [{ item_id: 'screw', quantity: 8, unit_price: 0.125 }] }).thenLines({
      unitPriceMinor: null,
      unitPriceMicro: 125_000,
    });
    placing({ currency: 'JPY', items: [{ item_id: 'screw', quantity: 3, unit_price: '0.333333' }] }).thenRejected(
      'invalid-command',
      /whole/,
    );
    placing({ currency: 'JPY', items: [{ item_id: 'screw', quantity: 2, unit_price: '0.5' }] }).thenOrder({
      totalMinor: 1,
    });
  });
  it('sums beyond the exact numbers are exact', () => {
    const huge = { item_id: 'a', quantity: 1_000_000, unit_price: '9999999999999.99' };
    placing({ items: [huge], totalAmount: 1 }).thenRejected('invalid-command', /9999999999999990000\.00/);
    placing({ items: [huge] }).thenRejected('invalid-command', /sum above/);
  });
});

describe('placing an order', () => {
  it('the reference and the metadata are kept if they are given', () => {
    const data = { ...placed().data, items: [{ item_id: 'a', quantity: 1, unit_price_minor: null }] };
    const command = { itemIds: ['a'], totalAmount: 20 };
    placing(command).thenEvents({ type: 'OrderPlaced', data }).thenOrder({ reference: null, metadata: {} });
    placing({ ...command, reference: '#1001', metadata: { gift: 'yes' } })
      .thenEvents({ type: 'OrderPlaced', data: { ...data, reference: '#1001', metadata: { gift: 'yes' } } })
      .thenOrder({ reference: '#1001', metadata: { gift: 'yes' } });
  });
  it('a wrong currency and wrong adjustments are named', () => {
    placing({ currency: 'XYZ', itemIds: ['a'], totalAmount: 1 }).thenInvalid('/currency', /ISO 4217/);
    placing({ items: [lamp], adjustments: [{ type: 'fee', amount: 'x' }], totalAmount: 1 }).thenInvalid(
      '/adjustments/0/amount',
      /decimal number/,
    );
  });
});

describe('amending an order', () => {
  const amend: AmendOrder = { command: 'amend', itemIds: ['c'], totalAmount: 5, reason: 'other colour' };
  it('amending a pending order replaces its items and its total', () =>
    given(placed()).when(amend).thenLines({ lineId: '1', itemId: 'c', quantity: 1 }).thenOrder({ totalMinor: 500 }));
  it('an order in processing can be amended as long as nothing was shipped', () => {
    given(placed(), processing).when(amend).thenOrder({ status: 'processing', totalMinor: 500 });
    given(placed(), processing, shipped(1))
      .when(amend)
      .thenRejected('invalid-transition', /only before anything is shipped/);
    given(placed(), cancelled()).when(amend).thenRejected('invalid-transition');
  });
  it('an order can be amended below what was paid: the difference is to be given back', () =>
    given(placed(), paid(600)).when(amend).thenOrder({ balance: -100, paymentStatus: 'paid' }));
  it('an order can be amended down to what was credited, but not below', () => {
    given(placed(), credited(501))
      .when(amend)
      .thenRejected('amended-below-credited', /5\.01 USD/);
    given(placed(), credited(500)).when(amend).thenOrder({ totalMinor: 500, balance: 0 });
  });
  it('what is absent stays as it is', () => {
    const order = given({
      ...placed({ price: 1000 }),
      data: {
        ...placed({ price: 1000 }).data,
        adjustments: [{ type: 'shipping', amount_minor: 500 }],
        total_minor: 2500,
      },
    });
    order
      .when({ command: 'amend', items: [{ item_id: 'c', quantity: 1, unit_price: 4 }], reason: 'r' })
      .thenOrder({ totalMinor: 900 });
    order.when({ command: 'amend', adjustments: [], reason: 'r' }).thenOrder({ totalMinor: 2000 });
    order.when({ command: 'amend', reference: '#2' }).thenOrder({ totalMinor: 2500, reference: '#2' });
  });
  it('an amendment of money cancels earlier cancellations', () => {
    const one = { items: [{ line_id: '1', item_id: 'a', quantity: 1 }], amount_minor: 1000, reason: 'r' };
    const order = given(placed({ price: 1000 }), { type: 'OrderCancelled', data: one });
    order.thenOrder({ cancelledMinor: 1000 });
    order
      .when({ command: 'amend', adjustments: [{ type: 'fee', amount: 1 }], reason: 'r' })
      .thenLines({ cancelled: 0 })
      .thenOrder({ totalMinor: 2100, cancelledMinor: 0, balance: 2100 });
    order.when({ command: 'amend', metadata: { a: 'b' } }).thenOrder({ cancelledMinor: 1000, metadata: { a: 'b' } });
  });
  it('the reference and the metadata can be amended at any time, without a reason', () =>
    given(placed(), cancelled())
      .when({ command: 'amend', reference: '#1001', metadata: {} })
      .thenOrder({ status: 'cancelled', reference: '#1001' }));
  it('an amendment of money needs a reason, and an amendment of nothing is rejected', () => {
    given(placed())
      .when({ command: 'amend', totalAmount: 1 })
      .thenInvalid('/reason', /required/);
    given(placed())
      .when({ command: 'amend', reason: 'r' })
      .thenInvalid('', /something to change/);
  });
});
