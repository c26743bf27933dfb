import { expect } from 'chai';
import { parseUnitPrice, priceOf, unitPriceMajor } from '../../../src/orders/values/unit-price.js';

describe('A unit price', () => {
  const cases: [input: string, exponent: number, expected: object][] = [
    ['1.23', 2, { minor: 123 }],
    ['1.2300000', 2, { minor: 123 }],
    ['1.2345', 2, { minor: null, micro: 1_234_500 }],
    ['9999999999999.99', 2, { minor: 999_999_999_999_999 }],
    ['1.23456789', 2, { error: 'must have at most 6 decimals' }],
    ['1000000000.125', 2, { error: 'must be at most 999999999.999999 if it has more than 2 decimals' }],
    ['99999999999999', 2, { error: 'must be at most 9999999999999.99' }],
    ['-1.5', 0, { error: 'must not be negative' }],
    ['x', 2, { error: 'must be a decimal number such as 59.98 or "59.98"' }],
  ];
  for (const [input, exponent, expected] of cases) {
    it(`${input} with ${exponent} decimals of the currency is ${JSON.stringify(expected)}`, () => {
      expect(parseUnitPrice(input, exponent)).to.deep.equal(expected);
    });
  }

  const shown: [
    unitPriceMinor: number | null,
    unitPriceMicro: number | null,
    exponent: number,
    major: number | undefined,
  ][] = [
    [1999, null, 2, 19.99],
    [1999, null, 0, 1999],
    [0, null, 2, 0],
    [null, 1_234_500, 2, 1.2345],
    [null, 1_234_500, 0, 1.2345],
    [null, null, 2, undefined],
  ];
  for (const [unitPriceMinor, unitPriceMicro, exponent, major] of shown) {
    it(`is shown in major units: ${unitPriceMinor} minor or ${unitPriceMicro} millionths as ${major}`, () =>
      expect(unitPriceMajor({ unitPriceMinor, unitPriceMicro }, exponent)).to.equal(major));
  }

  it('leads to a price of units that is exact, or to none', () => {
    const fine = { unitPriceMinor: null, unitPriceMicro: 125_000 };
    expect(priceOf(fine, 8, 2)).to.equal(100n);
    expect(priceOf(fine, 1, 2)).to.equal(undefined);
    expect(priceOf(fine, 1, 3)).to.equal(125n);
    const largest = { unitPriceMinor: 999_999_999_999_999, unitPriceMicro: null };
    expect(priceOf(largest, 1_000_000, 2)).to.equal(999_999_999_999_999_000_000n);
  });
});
