import type { AdjustmentInput, AmendOrder, LineInput, PlaceOrder } from '../../../src/orders/commands.js';
import { orderLimits } from '../../../src/orders/limits.js';
import { given, placed } from '../../support/given.js';

const lamp = { item_id: 'lamp', quantity: 2, unit_price: 10 } as const;

function placing(command: Partial<PlaceOrder>) {
  return given().when({ command: 'place', userId: 'u-1', currency: 'USD', ...command });
}

describe('the ids of lines', () => {
  const two = (first: string | undefined, second: string | undefined): LineInput[] => [
    { ...lamp, ...(first === undefined ? {} : { line_id: first }) },
    { ...lamp, ...(second === undefined ? {} : { line_id: second }) },
  ];
  it('the client may name its lines, whatever prices they have', () =>
    placing({
      items: [
        { item_id: 'a', quantity: 1, line_id: 'x' },
        { item_id: 'b', quantity: 1, unit_price: 1, line_id: 'y' },
        { item_id: 'c', quantity: 8, unit_price: '0.125', line_id: 'z' },
      ],
      totalAmount: 5,
    }).thenLines({ lineId: 'x', itemId: 'a' }, { lineId: 'y', itemId: 'b' }, { lineId: 'z', itemId: 'c' }));
  it('lines without ids get their numbers, whatever prices they have', () =>
    placing({
      items: [
        { item_id: 'a', quantity: 1 },
        { item_id: 'b', quantity: 1, unit_price: 1 },
        { item_id: 'c', quantity: 8, unit_price: '0.125' },
      ],
      totalAmount: 5,
    }).thenLines({ lineId: '1' }, { lineId: '2' }, { lineId: '3' }));
  it('an event holds the ids of lines only if the client gave them', () => {
    const data = { user_id: 'u-1', currency: 'USD', total_minor: 2000, metadata: {} };
    const item = { item_id: 'lamp', quantity: 2, unit_price_minor: 1000 };
    placing({ items: [lamp] }).thenEvents({ type: 'OrderPlaced', data: { ...data, items: [item] } });
    placing({ items: [{ ...lamp, line_id: 'x' }] }).thenEvents({
      type: 'OrderPlaced',
      data: { ...data, items: [{ ...item, line_id: 'x' }] },
    });
  });
  it('ids for some lines only are rejected, at the first line that differs from the one before', () => {
    placing({ items: two('x', undefined) }).thenInvalid('/items/1/line_id', /all lines or for none/);
    placing({ items: two(undefined, 'x') }).thenInvalid('/items/1/line_id', /all lines or for none/);
  });
  it('two lines with the same id are rejected', () =>
    placing({ items: two('x', 'x') }).thenInvalid('/items/1/line_id', /unique.*"x"/));
});

describe('the prices of lines', () => {
  const invalid: [price: number | string, reason: RegExp][] = [
    ['ten', /decimal number/],
    [-1, /negative/],
    ['1.2345678', /6 decimals/],
    ['0.0001', /2 decimals, or be whole/],
  ];
  for (const [unit_price, reason] of invalid) {
    it(`a unit price of ${unit_price} is rejected at its line`, () =>
      placing({ items: [lamp, { item_id: 'a', quantity: 3, unit_price }] }).thenInvalid('/items/1/unit_price', reason));
  }
});

describe('the adjustments of an order', () => {
  const placingWith = (adjustment: AdjustmentInput) =>
    placing({ items: [lamp], adjustments: [{ type: 'tip', amount: 0 }, adjustment] });
  const accepted: [AdjustmentInput, amountMinor: number][] = [
    [{ type: 'shipping', amount: '5' }, 500],
    [{ type: 'tax', amount: 0 }, 0],
    [{ type: 'discount', amount: '-0.50' }, -50],
    [{ type: 'discount', amount: 0 }, 0],
    [{ type: 'discount', amount: '-0.00' }, 0],
    [{ type: 'discount', amount: -0 }, 0],
    [{ type: 'other', amount: 1 }, 100],
    [{ type: 'other', amount: '-1' }, -100],
  ];
  for (const [adjustment, amountMinor] of accepted) {
    it(`an adjustment of type ${adjustment.type} may be ${JSON.stringify(adjustment.amount)}`, () =>
      placingWith(adjustment).thenOrder({
        totalMinor: 2000 + amountMinor,
        adjustments: [
          { type: 'tip', amountMinor: 0, description: null },
          { type: adjustment.type, amountMinor, description: null },
        ],
      }));
  }
  const rejected: [AdjustmentInput, reason: RegExp][] = [
    [{ type: 'discount', amount: 1 }, /must not be positive: a discount is negative/],
    [{ type: 'shipping', amount: '-1' }, /must not be negative: only a discount and other are/],
    [{ type: 'tip', amount: -0.01 }, /must not be negative: only a discount and other are/],
    [{ type: 'discount', amount: '-1.005' }, /2 decimals/],
    [{ type: 'discount', amount: '--1' }, /decimal number/],
    [{ type: 'discount', amount: ' -1' }, /decimal number/],
    [{ type: 'discount', amount: '-1e2' }, /decimal number/],
    [{ type: 'discount', amount: '-' }, /decimal number/],
    [{ type: 'other', amount: '1-' }, /decimal number/],
    [{ type: 'discount', amount: -1e15 }, /at most/],
  ];
  for (const [adjustment, reason] of rejected) {
    it(`an adjustment of type ${adjustment.type} must not be ${JSON.stringify(adjustment.amount)}`, () =>
      placingWith(adjustment).thenInvalid('/adjustments/1/amount', reason));
  }
});

describe('the total of an order', () => {
  const { maxAmountMinor } = orderLimits;
  it('a total that no amount gives is required unless every line has a price', () =>
    placing({ itemIds: ['a'] }).thenInvalid('/total_amount', /required unless all lines have a unit_price/));
  it('a total that is no amount is rejected', () =>
    placing({ items: [lamp], totalAmount: '1.999' }).thenInvalid('/total_amount', /2 decimals/));
  it('a total that is not the sum is rejected with the sum and its parts', () => {
    placing({ items: [lamp], totalAmount: 19 }).thenInvalid('/total_amount', /sum of the items, 20\.00$/);
    placing({ items: [lamp], adjustments: [{ type: 'fee', amount: 1 }], totalAmount: 20 }).thenInvalid(
      '/total_amount',
      /sum of the items and the adjustments, 21\.00$/,
    );
  });
  it('a sum below zero is rejected, and a sum of zero is a total', () => {
    placing({ items: [lamp], adjustments: [{ type: 'discount', amount: '-20.01' }] }).thenInvalid(
      '/adjustments',
      /below zero, to -0\.01$/,
    );
    placing({ items: [lamp], adjustments: [{ type: 'discount', amount: -20 }] }).thenOrder({ totalMinor: 0 });
  });
  it('a sum above the largest amount is rejected, and one equal to it is a total', () => {
    const largest = { item_id: 'a', quantity: 1, unit_price: '9999999999999.99' };
    placing({ items: [largest, { item_id: 'b', quantity: 1, unit_price: '0.01' }] }).thenInvalid(
      '/items',
      /sum above 9999999999999\.99$/,
    );
    placing({ items: [largest, { item_id: 'b', quantity: 1, unit_price: 0 }] }).thenOrder({
      totalMinor: maxAmountMinor,
    });
  });
  it('the total is free if a line has no price, also with adjustments', () =>
    placing({ itemIds: ['a'], adjustments: [{ type: 'fee', amount: 1 }], totalAmount: 7 }).thenOrder({
      totalMinor: 700,
    }));
});

describe('amending a part of an order', () => {
  const reason = 'r';
  const fee: AmendOrder = { command: 'amend', adjustments: [{ type: 'fee', amount: 1 }], reason };
  const { data } = placed();
  const order = given({
    type: 'OrderPlaced',
    data: {
      ...data,
      items: [
        { item_id: 'a', quantity: 2, unit_price_minor: 900, line_id: 'x' },
        { item_id: 'b', quantity: 8, unit_price_minor: null, unit_price_micro: 125_000, line_id: 'y' },
      ],
      total_minor: 2000,
      adjustments: [
        { type: 'shipping', amount_minor: 300, description: 'DHL' },
        { type: 'discount', amount_minor: -200 },
      ],
    },
  });
  it('new adjustments leave the lines, and the total is their sum also with prices below a minor unit', () =>
    order
      .when(fee)
      .thenEvents({
        type: 'OrderAmended',
        data: { total_minor: 2000, adjustments: [{ type: 'fee', amount_minor: 100 }], reason },
      })
      .thenLines({ lineId: 'x', unitPriceMinor: 900 }, { lineId: 'y', unitPriceMicro: 125_000 }));
  it('new lines leave the adjustments with their descriptions', () =>
    order.when({ command: 'amend', items: [lamp], reason }).thenOrder({
      totalMinor: 2100,
      adjustments: [
        { type: 'shipping', amountMinor: 300, description: 'DHL' },
        { type: 'discount', amountMinor: -200, description: null },
      ],
    }));
  it('a description is in the event only if there is one', () =>
    order.when({ command: 'amend', items: [lamp], reason }).thenEvents({
      type: 'OrderAmended',
      data: {
        total_minor: 2100,
        items: [{ item_id: 'lamp', quantity: 2, unit_price_minor: 1000 }],
        adjustments: [
          { type: 'shipping', amount_minor: 300, description: 'DHL' },
          { type: 'discount', amount_minor: -200 },
        ],
        reason,
      },
    }));
  it('an amendment of lines and labels in one command changes both', () =>
    order
      .when({ command: 'amend', adjustments: [], reference: '#2', metadata: { a: 'b' }, reason })
      .thenEvents({
        type: 'OrderAmended',
        data: { total_minor: 1900, reference: '#2', metadata: { a: 'b' }, reason },
      })
      .thenOrder({ totalMinor: 1900, adjustments: [], reference: '#2', metadata: { a: 'b' } }));
  it('an amendment of one label leaves the other', () => {
    order.when({ command: 'amend', reference: '#2' }).thenEvents({
      type: 'OrderAmended',
      data: { reference: '#2', reason: null },
    });
    order.when({ command: 'amend', metadata: { a: 'b' } }).thenEvents({
      type: 'OrderAmended',
      data: { metadata: { a: 'b' }, reason: null },
    });
  });
  it('an amendment of the adjustments of an order without prices needs a total', () => {
    given(placed())
      .when(fee)
      .thenInvalid('/total_amount', /required unless all lines have a unit_price/);
    given(placed())
      .when({ ...fee, totalAmount: 7 })
      .thenOrder({ totalMinor: 700 });
  });
  it('what is wrong in an amendment is named as in an order that is placed', () => {
    order
      .when({ command: 'amend', items: [{ ...lamp, unit_price: 'x' }], reason })
      .thenInvalid('/items/0/unit_price', /decimal number/);
    order
      .when({ command: 'amend', adjustments: [{ type: 'tip', amount: -1 }], reason })
      .thenInvalid('/adjustments/0/amount', /negative/);
    order.when({ command: 'amend', totalAmount: 5, reason }).thenInvalid('/total_amount', /must equal the sum/);
  });
});
