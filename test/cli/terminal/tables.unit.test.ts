import { expect } from 'chai';
import { alignColumns } from '../../../src/cli/terminal/tables.js';

describe('tables in the terminal', () => {
  it('a table aligns its columns two spaces apart, numbers on the right, with no spaces at the end of lines', () => {
    const rows = [
      ['projection', 'lag', 'marks'],
      ['metrics', '1,200', '··'],
      ['order-history', '0', ''],
    ];
    expect(alignColumns(rows, { right: [1] })).to.deep.equal([
      'projection       lag  marks',
      'metrics        1,200  ··',
      'order-history      0',
    ]);
    expect(alignColumns([])).to.deep.equal([]);
  });

  it('a table that is wider than the screen is cut in its widest columns, and each line fits', () => {
    const rows = [
      ['key', 'url', 'state'],
      ['k-1', `https://shop.example/${'x'.repeat(100)}`, 'active'],
    ];
    const lines = alignColumns(rows, { screen: 40 });
    expect(Math.max(...lines.map((line) => line.length))).to.equal(40);
    expect(lines[1]).to.match(/^k-1 {2}https:\/\/shop\.example\/x+… {2}active$/);
  });

  it('a column that is kept whole is not cut, however narrow the screen is', () => {
    const id = '018f0000-0000-7000-8000-000000000001';
    const rows = [
      ['order', 'user'],
      [id, 'a user with a long name'],
    ];
    expect(alignColumns(rows, { whole: [0], screen: 50 })[1]).to.equal(`${id}  a user with…`);
    expect(alignColumns(rows, { whole: [0], screen: 20 })[1]).to.equal(`${id}  a user …`);
  });
});
