import { expect } from 'chai';
import { numberFormat, numberReader } from '../../../src/import/formats/number-format.js';

const read = (text: string, decimal?: string, thousands?: string, sign?: string) =>
  numberReader(numberFormat(decimal, thousands, sign), 'amount')(text);

describe('Number formats of an import', () => {
  const numbers: [text: string, read: string, decimal?: string, thousands?: string][] = [
    ['59.9800', '59.9800'],
    ['.5', '.5'],
    ['-3', '-3'],
    ['1,234.50', '1234.50', '.', ','],
    ['12,34,567.00', '1234567.00', '.', ','],
    ['1.234,50', '1234.50', ',', '.'],
    ['12,50', '12.50', ','],
    ['1 234,5', '1234.5', ',', ' '],
    ['1\u202f234\u00a0567', '1234567', ',', ' '],
    ['1’234.50', '1234.50', '.', "'"],
    ['1234.50', '1234.50', '.', ','],
  ];
  for (const [text, expected, decimal, thousands] of numbers) {
    it(`"${text}" with --decimal ${decimal ?? '.'} and --thousands ${thousands ?? '(none)'} is ${expected}`, () =>
      expect(read(text, decimal, thousands)).to.equal(expected));
  }

  const refused: [text: string, reason: RegExp, decimal?: string, thousands?: string][] = [
    ['1,234.50', /"1,234.50" is not a number: set --thousands ,/],
    ['12,50', /set --decimal ,/],
    ['1,234', /set --thousands , or --decimal ,/],
    ['1.234,50', /set --decimal , and --thousands \./],
    ['12.50', /with --decimal ,/, ','],
    ['12,50', /not a number/, '.', ','],
    ['1,23.45', /not a number/, '.', ','],
    ['$12.00', /set --currency-sign '\$'; the currency is a column or --set currency=CODE/],
    ['-$1,234.50', /set --currency-sign '\$' and --thousands ,;/],
    ['12,00 €', /set --currency-sign '€' and --decimal ,;/],
    ['CHF 12.00', /set --currency-sign 'CHF';/],
    ['1 234,50', /--thousands ' '/],
    ['$12', /with --decimal , and --thousands ' ';/, ',', ' '],
    ['(12.00)', /not a number: write a negative number as -12\.00$/],
    ['1.2E+03', /not a number: write it without an exponent$/],
    ['Rs. 12.00', /set --currency-sign 'Rs\.';/],
    ['12.00 kr.', /set --currency-sign 'kr\.';/],
    ['12.00 CR', /not a number: correct the cell$/],
    ['DR. 12.00', /not a number: correct the cell$/],
    ['12 %', /not a number: correct the cell$/],
    ['#12', /not a number: correct the cell$/],
    ['\u221212.00', /write a negative number as -12\.00/],
    ['12.00-', /write a negative number as -12\.00/],
    ['1e3', /not a number/],
    ['12.00.00', /not a number/],
    ['.', /not a number/],
    ['NaN', /not a number/],
  ];
  for (const [text, reason, decimal, thousands] of refused) {
    it(`"${text}" with --decimal ${decimal ?? '.'} and --thousands ${thousands ?? '(none)'} is refused with a reason`, () =>
      expect(() => read(text, decimal, thousands)).to.throw(reason));
  }

  const signed: [text: string, sign: string, read: string, decimal?: string, thousands?: string][] = [
    ['$12.00', '$', '12.00'],
    ['12.00', '$', '12.00'],
    ['-$12.00', '$', '-12.00'],
    ['$-12.00', '$', '-12.00'],
    ['US$1,234.50', 'US$', '1234.50', '.', ','],
    ['1.234,50\u00a0€', '€', '1234.50', ',', '.'],
    ['CHF 12.00', 'CHF', '12.00'],
    ['Rs. 12.00', 'Rs.', '12.00'],
    ['-12.00 kr.', 'kr.', '-12.00'],
  ];
  for (const [text, sign, expected, decimal, thousands] of signed) {
    it(`"${text}" with --currency-sign ${sign} is ${expected}`, () =>
      expect(read(text, decimal, thousands, sign)).to.equal(expected));
  }

  for (const text of ['$12.00$', '€12.00', '-$-12.00', '$', '$ ', '$$12.00']) {
    it(`"${text}" with --currency-sign $ is refused`, () =>
      expect(() => read(text, '.', undefined, '$')).to.throw(/is not a number/));
  }

  it('a quantity has no currency sign, and no reason to ask for one', () => {
    const readCount = numberReader(numberFormat('.', undefined, '$'), 'count');
    expect(() => readCount('$3')).to.throw(/^"\$3" is not a number: correct the cell$/);
  });

  it('a decimal and a thousands character that are the same, or no such character, are refused', () => {
    expect(() => numberFormat('.', '.')).to.throw(/both/);
    expect(() => numberFormat('x')).to.throw(/--decimal "x"/);
    expect(() => numberFormat('.', '3')).to.throw(/--thousands "3"/);
    expect(() => numberFormat('.', undefined, '')).to.throw(/--currency-sign ""/);
    for (const sign of ['-', '%', '#', 'CR', 'dr.', '.', 'Rs..']) {
      expect(() => numberFormat('.', undefined, sign), sign).to.throw(/--currency-sign/);
    }
  });
});
