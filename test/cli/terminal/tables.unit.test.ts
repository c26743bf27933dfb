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
});
