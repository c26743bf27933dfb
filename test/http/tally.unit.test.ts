import { expect } from 'chai';
import { Tally } from '../../src/http/tally.js';

describe('Tally', () => {
  it('counts by key and in all, and forgets keys that are back at 0', () => {
    const tally = new Tally();
    expect([tally.add('a', 2), tally.add('b', 5), tally.add('a', 1)]).to.deep.equal([2, 5, 3]);
    expect([tally.of('a'), tally.sum, tally.size, tally.largest()]).to.deep.equal([3, 8, 2, 'b']);
    expect(tally.add('b', -5)).to.equal(0);
    expect([tally.of('b'), tally.sum, tally.size, tally.largest()]).to.deep.equal([0, 3, 1, 'a']);
    tally.add('a', -3);
    expect(tally.largest()).to.equal(undefined);
  });
});
