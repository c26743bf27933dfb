import { expect } from 'chai';
import fc from 'fast-check';
import { base36, fromBase36 } from '../../../src/read-models/encoding/base36.js';

describe('base36', () => {
  it('base36 writes numbers like Number.prototype.toString, and fromBase36 reads them', () => {
    fc.assert(
      fc.property(fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -3_000, max: 3_000 }), fc.double()), (number) => {
        expect(base36(number)).to.equal(number.toString(36));
      }),
    );
    for (const number of [0, 35, 36, 1_295, 1_296, 1_297, 36 ** 4 - 1, 36 ** 4]) {
      expect(base36(number)).to.equal(number.toString(36));
      expect(fromBase36(base36(number))).to.deep.equal(number);
    }
  });
});
