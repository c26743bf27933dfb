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
});
