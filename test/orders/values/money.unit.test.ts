import { expect } from 'chai';
import fc from 'fast-check';
import { orderLimits } from '../../../src/orders/limits.js';
import { currencyCodes, exponentOf } from '../../../src/orders/values/currency.js';
import { formatMinor, parseMoney, toMajor } from '../../../src/orders/values/money.js';

describe('money', () => {
  it('every amount of every currency survives the way through a JSON number unchanged', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: orderLimits.maxAmountMinor }),
        fc.constantFrom(...currencyCodes),
        (minor, code) => {
          const exponent = exponentOf(code);
          expect(toMajor(minor, exponent)).to.equal(Number(formatMinor(minor, exponent)));
          const number = JSON.parse(JSON.stringify(toMajor(minor, exponent)));
          expect(parseMoney(number, exponent)).to.deep.equal({ minor });
          expect(parseMoney(formatMinor(minor, exponent), exponent)).to.deep.equal({ minor });
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('every text is parsed as an exact amount or rejected', () => {
    const written = fc.string({ unit: fc.constantFrom(...'00123456789..-e'), maxLength: 18 });
    fc.assert(
      fc.property(written, fc.integer({ min: 0, max: 4 }), (text, exponent) => {
        const parsed = parseMoney(text, exponent);
        const [, whole = '', decimals = ''] = /^-?(?=\.?\d)(\d*)\.?(\d*)$/.exec(text) ?? [];
        const fraction = decimals.replace(/0+$/, '');
        const minor = whole + decimals === '' ? undefined : BigInt(whole + fraction.padEnd(exponent, '0'));
        const isAmount =
          minor !== undefined &&
          fraction.length <= exponent &&
          minor <= BigInt(orderLimits.maxAmountMinor) &&
          !(text.startsWith('-') && minor > 0n);
        expect(isAmount).to.equal('minor' in parsed);
        if ('minor' in parsed) expect(BigInt(parsed.minor)).to.equal(minor);
      }),
      { numRuns: 20_000 },
    );
  });

  const refused: [number | string, RegExp][] = [
    [Number.NaN, /finite/],
    [Number.POSITIVE_INFINITY, /finite|decimal/],
    [1e21, /at most/],
    [1e-7, /2 decimals/],
    [1.25e-7, /2 decimals/],
    [-1, /negative/],
    ['-1.1', /negative/],
    [-1e-7, /negative/],
    [-1e21, /negative/],
    ['-0.01', /negative/],
    ['1e3', /decimal number/],
    ['+1', /decimal number/],
    [' 1', /decimal number/],
    ['1,00', /decimal number/],
    ['', /decimal number/],
    ['.', /decimal number/],
    ['1.2.3', /decimal number/],
    ['59.9801', /2 decimals/],
    ['.005', /2 decimals/],
    ['10000000000000.00', /at most 9999999999999\.99/],
    ['9'.repeat(40), /at most/],
    [0.1 + 0.2, /2 decimals/],
  ];
  for (const [input, reason] of refused) {
    it(`the amount ${JSON.stringify(input)} is rejected with a reason`, () => {
      const parsed = parseMoney(input, 2);
      expect('error' in parsed ? parsed.error : '').to.match(reason);
    });
  }
  const sameValue: [string, number, number][] = [
    ['59.9800', 2, 5_998],
    ['705.00', 0, 705],
    ['.5', 2, 50],
    ['012.00', 2, 1_200],
    ['00.5', 2, 50],
    ['1.', 2, 100],
    ['0', 0, 0],
    ['00', 2, 0],
    ['-0.00', 2, 0],
    ['12.3450', 3, 12_345],
    [`${'0'.repeat(30)}1.00`, 2, 100],
  ];
  for (const [text, exponent, minor] of sameValue) {
    it(`the amount "${text}" counts by its value with ${exponent} decimals`, () =>
      expect(parseMoney(text, exponent)).to.deep.equal({ minor }));
  }
  it('a large number counts by its value although JavaScript writes it with an exponent', () => {
    for (const huge of [1e21, 1.25e21, 1.7976931348623157e308]) {
      expect(parseMoney(huge, 2)).to.deep.equal({ error: 'must be at most 9999999999999.99' });
    }
  });
  it('an amount of minus zero is parsed as zero', () => expect(parseMoney(-0, 2)).to.deep.equal({ minor: 0 }));
  it('the largest amount is accepted', () =>
    expect(parseMoney('9999999999999.99', 2)).to.deep.equal({ minor: orderLimits.maxAmountMinor }));
  it('the largest amount is the largest in every currency, also among longer texts', () => {
    for (const exponent of [0, 2, 3, 4]) {
      const largest = formatMinor(orderLimits.maxAmountMinor, exponent);
      const above = formatMinor(BigInt(orderLimits.maxAmountMinor) + 1n, exponent);
      expect(parseMoney(`00${largest}`, exponent)).to.deep.equal({ minor: orderLimits.maxAmountMinor });
      expect(parseMoney(above, exponent)).to.deep.equal({ error: `must be at most ${largest}` });
      expect(parseMoney(`00${above}`, exponent)).to.deep.equal({ error: `must be at most ${largest}` });
    }
  });
  const formatted: [number | bigint, number, string][] = [
    [0, 2, '0.00'],
    [5, 2, '0.05'],
    [-5, 2, '-0.05'],
    [-12_345, 2, '-123.45'],
    [5, 0, '5'],
    [-5, 0, '-5'],
    [12_345, 4, '1.2345'],
    [10n ** 20n, 2, '1000000000000000000.00'],
  ];
  for (const [minor, exponent, text] of formatted) {
    it(`${minor} minor units with ${exponent} decimals are written as ${text}`, () =>
      expect(formatMinor(minor, exponent)).to.equal(text));
  }
});
