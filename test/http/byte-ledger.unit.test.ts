import { expect } from 'chai';
import { ByteLedger } from '../../src/http/byte-ledger.js';

describe('ByteLedger', () => {
  it('beyond the limit, the oldest holding of the owner with the most bytes is evicted', () => {
    const ledger = new ByteLedger(100);
    const evicted: string[] = [];
    const hold = (owner: string, name: string, bytes: number) => ledger.hold(owner, bytes, () => evicted.push(name));
    hold('small', 'small 1', 20);
    hold('large', 'large 1', 30);
    const release = hold('large', 'large 2', 40);
    expect([evicted, ledger.bytes]).to.deep.equal([[], 90]);
    hold('small', 'small 2', 25);
    expect([evicted, ledger.bytes]).to.deep.equal([['large 1'], 85]);
    release();
    release();
    expect(ledger.bytes, 'released once').to.equal(45);
    hold('other', 'too large for all', 101);
    expect(evicted.at(-1)).to.equal('too large for all');
    expect(ledger.bytes).to.equal(45);
  });
});
