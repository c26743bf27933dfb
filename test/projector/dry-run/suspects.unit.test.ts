import { expect } from 'chai';
import { Suspects, SuspectsBudget } from '../../../src/projector/dry-run/suspects.js';
import { projectorLimits as limits } from '../../../src/projector/limits.js';

describe('entries that are compared again', () => {
  it('are bounded by the memory that they take, however short they are', () => {
    const suspects = new Suspects();
    let entries = 0;
    for (; !suspects.isFull; entries += 1) suspects.add('figures', String(entries));
    // A string and its place in a set take more than 40 bytes.
    expect(entries).to.be.below(limits.maxSuspectsBytes / 40);
    expect(suspects.list()).to.have.length(entries - 1);
    const ofKeys = new Suspects();
    let keys = 0;
    for (; !ofKeys.isFull; keys += 1) ofKeys.add(String(keys), '0');
    expect(keys).to.be.below(entries / 4);
  });

  it('are kept once, and those of several partitions share the bytes of a dry run', () => {
    const budget = new SuspectsBudget(limits.maxSuspectsBytes);
    const [one, another] = [new Suspects(budget), new Suspects(budget)];
    const large = 'x'.repeat(0.6 * limits.maxSuspectsBytes);
    one.add('key', large);
    one.add('key', large);
    expect(one.list()).to.deep.equal([{ key: 'key', entry: large }]);
    expect(one.isFull).to.equal(false);
    another.add('key', large);
    expect(another.isFull).to.equal(true);
    expect(budget.isSpent).to.equal(true);
  });
});
