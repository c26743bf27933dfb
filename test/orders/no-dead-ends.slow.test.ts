import { expect } from 'chai';
import { explore, smallOrder } from '../support/explore-orders.js';

describe('the life of larger orders', () => {
  for (const [quantities, maxPaidMinor] of [
    [[2], 1],
    [[2], 4],
    [[1, 1], 2],
    [[3], 3],
  ] as const) {
    it(`has no dead ends for lines of ${quantities.join(' and ')} units and payments up to ${maxPaidMinor}`, () => {
      const found = explore([smallOrder(...quantities)], { maxStates: 100_000, maxPaidMinor });
      expect(found.states).to.be.greaterThan(10_000);
      expect(found.deadEnds).to.deep.equal([]);
      expect(found.contradictions).to.deep.equal([]);
    }).timeout(600_000);
  }
});
