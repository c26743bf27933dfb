import { expect } from 'chai';
import { build } from 'esbuild';
import { projectPath } from '../../src/project-path.js';

describe('amounts in the console', () => {
  let money: (amount: number, currency: string) => string;
  let roundMoney: (amount: number, currency: string) => string;
  let isolated: (text: string) => string;
  before(async () => {
    const contents = `export * from './money.ts'; export * from './text.ts';`;
    const stdin = { contents, resolveDir: projectPath('web/src/format') };
    const { outputFiles } = await build({ stdin, bundle: true, write: false, format: 'esm' });
    const module = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0]?.text ?? '')}`);
    ({ money, roundMoney, isolated } = module);
  });

  it('currencies that share a symbol are told apart', () => {
    const texts = ['USD', 'CAD', 'AUD', 'MXN', 'JPY', 'CNY', 'SEK', 'NOK', 'DKK'].map((one) => money(5, one));
    expect(new Set(texts).size, texts.join(', ')).to.equal(texts.length);
  });

  it('every currency has its own decimals', () => {
    expect([money(1234, 'JPY'), money(1.5, 'EUR'), money(37.035, 'KWD')]).to.deep.equal([
      '¥1,234',
      '€1.50',
      'KWD\u00a037.035',
    ]);
  });

  it('a headline fits its tile, however large the amount is', () => {
    expect([999.5, 437_339.4, 117_701_115].map((one) => roundMoney(one, 'JPY'))).to.deep.equal([
      '¥1,000',
      '¥437,339',
      '¥117.7M',
    ]);
  });

  it('a text from right to left does not change the order of what is around it', () => {
    expect(isolated('طلب')).to.equal('\u2068طلب\u2069');
    expect(isolated('lamp')).to.equal('lamp');
  });
});
