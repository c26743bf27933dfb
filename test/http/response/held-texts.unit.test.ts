import { expect } from 'chai';
import { ByteLedger } from '../../../src/http/byte-ledger.js';
import { HeldTexts } from '../../../src/http/response/held-texts.js';

describe('HeldTexts', () => {
  it('a text counts once for all of its readers, until the last of them has taken it', () => {
    const ledger = new ByteLedger(1_000);
    const texts = new HeldTexts();
    const shared = Buffer.alloc(100);
    const first = texts.hold(ledger, 'a', [shared], () => undefined);
    const second = texts.hold(ledger, 'b', [shared, Buffer.alloc(10)], () => undefined);
    expect(ledger.bytes).to.equal(110);
    first();
    first();
    expect(ledger.bytes).to.equal(110);
    second();
    expect(ledger.bytes).to.equal(0);
  });

  it('giving up a text closes the readers of the owner that alone accounts for it', () => {
    const ledger = new ByteLedger(100);
    const texts = new HeldTexts();
    const ended: string[] = [];
    const text = Buffer.alloc(60);
    const hold = (owner: string, name: string, ...held: Buffer[]) =>
      texts.hold(ledger, owner, held, () => ended.push(name));
    hold('slow', 'slow 1', text);
    const release = hold('quick', 'quick', text);
    hold('slow', 'slow 2', text);
    expect(ledger.bytes).to.equal(60);
    hold('slow', 'slow 3', Buffer.alloc(70));
    expect(ended, 'the text counts for another owner by then').to.have.members(['slow 1', 'slow 2', 'slow 3']);
    expect(ledger.bytes).to.equal(60);
    release();
    release();
    expect(ledger.bytes).to.equal(0);
  });

  it('a text whose readers have all been closed is counted again for its next reader', () => {
    const ledger = new ByteLedger(10);
    const texts = new HeldTexts();
    const ended: string[] = [];
    const text = Buffer.alloc(11);
    for (const owner of ['a', 'b']) texts.hold(ledger, owner, [text], () => ended.push(owner));
    expect([ended, ledger.bytes]).to.deep.equal([['a', 'b'], 0]);
  });
});
