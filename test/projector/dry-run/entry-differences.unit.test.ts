import { expect } from 'chai';
import { orderStatusProjection as projection } from '../../../src/projections/order-status.js';
import { textDifferences } from '../../../src/projector/dry-run/entry-differences.js';

describe('the differences of an entry that cannot be decoded', () => {
  it('show both texts as they are stored, also if one of them is cut off', () => {
    const [cutOff, whole] = ['["2026-01-31', '["2026-01-31T12:00:00.000Z"]'];
    const entries = [{ key: 'orders:1', entry: 'no short id' }];
    const found = textDifferences(projection, 3, entries, [cutOff], [whole]);
    expect(found).to.have.length(1);
    expect(found[0]).to.deep.include({ partition: 3, key: 'orders:1', live: cutOff, rebuilt: whole });
  });
});
