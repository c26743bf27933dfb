import { expect } from 'chai';
import { parseUnitPrice } from '../../../src/orders/values/unit-price.js';

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
});
