import { expect } from 'chai';
import fc from 'fast-check';
import { decimal, decimalText } from '../../../src/import/formats/decimal.js';
import { orderMoney, type TaxMode } from '../../../src/import/mapping/order-money.js';
import { type AdjustmentType, adjustmentTypes } from '../../../src/orders/event-data.js';

const money = (
  total: string | undefined,
  prices: string[],
  amounts: Partial<Record<AdjustmentType, string>>,
  tax: TaxMode = 'auto',
) =>
  orderMoney({
    total,
    lines: prices.map((unit_price) => ({ quantity: 1, unit_price })),
    amounts: new Map(
      adjustmentTypes.flatMap((type) => {
        const amount = amounts[type];
        return amount === undefined ? [] : [[type, decimal(amount)]];
      }),
    ),
    tax,
  });

describe('The money of an imported order', () => {
  it('a tax is an adjustment if the sum then equals the total, and is included in the prices if it fits without', () => {
    expect(money('49.99', ['39.99'], { shipping: '5.00', tax: '5.00' })).to.deep.equal({
      total: '49.99',
      adjustments: [
        { amount: '5', type: 'shipping' },
        { amount: '5', type: 'tax' },
      ],
      taxIncluded: undefined,
    });
    expect(money('24.90', ['20.00'], { shipping: '4.90', tax: '3.98', discount: '0' })).to.deep.equal({
      total: '24.90',
      adjustments: [{ amount: '4.9', type: 'shipping' }],
      taxIncluded: '3.98',
    });
  });

  it('a total that fits neither with the tax nor without is refused with both sums', () => {
    expect(() => money('30', ['20.00'], { tax: '3.98' })).to.throw(
      'the total is 30, but lines and adjustments add up to 20, or with the tax to 23.98',
    );
    expect(() => money('30', ['20.00'], { shipping: '5' })).to.throw(
      'the total is 30, but lines and adjustments add up to 25',
    );
  });

  it('a computed total is the exact sum of the rows and the adjustments', () => {
    expect(money(undefined, ['0.1', '0.2'], { discount: '-0.05' })).to.deep.equal({
      total: '0.25',
      adjustments: [{ amount: '-0.05', type: 'discount' }],
      taxIncluded: undefined,
    });
    expect(() => money(undefined, ['1'], { tax: '0.19' })).to.throw(/--tax added or --tax included/);
    expect(money(undefined, ['1'], { tax: '0.19' }, 'added').total).to.equal('1.19');
    expect(money(undefined, ['1'], { tax: '0.19' }, 'included')).to.include({ total: '1', taxIncluded: '0.19' });
  });

  it('decimals keep their exact value', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }), (units) => {
        expect(decimal(decimalText(units))).to.equal(units);
      }),
    );
    expect(decimalText(decimal('.50'))).to.equal('0.5');
    expect(decimalText(decimal('-012.3400'))).to.equal('-12.34');
    expect(() => decimal('0.1234567890123')).to.throw(/more than 12 decimals/);
  });
});
