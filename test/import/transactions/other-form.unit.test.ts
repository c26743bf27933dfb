import { expect } from 'chai';
import { refusalByOtherForm } from '../../../src/import/transactions/other-form.js';

const keys = ['shop#1', 'shop#1/paid', 'shop#1/paid/A', 'shop#1/refunded', 'shop#1/refunded/R', 'shop#1/refund/h'];

/** The keys after which a command with this key is refused. */
function refusedAfter(idempotencyKey: string, handled: readonly string[] = keys): string[] {
  const refusal = refusalByOtherForm({
    ...{ orderId: '', actor: 'import', idempotencyKey },
    command: { command: 'pay', amount: '1' },
  });
  return handled.filter((key) => refusal?.(key) !== undefined);
}

describe('Money that was imported under keys of another form', () => {
  it('a payment with an id and one without exclude each other, and so do refunds', () => {
    expect(
      Object.fromEntries(keys.map((key) => [key.slice(6), refusedAfter(key).map((one) => one.slice(6))])),
    ).to.deep.equal({
      '': [],
      '/paid': ['/paid/A'],
      '/paid/A': ['/paid'],
      '/refunded': ['/refunded/R'],
      '/refunded/R': ['/refunded', '/refund/h'],
      '/refund/h': ['/refunded/R'],
    });
  });

  it('the rest may follow a part, and not a part what was paid in full', () => {
    const handled = ['shop#1/paid', 'shop#1/paid-in-part', 'shop#1/paid/A'];
    expect(refusedAfter('shop#1/paid', handled)).to.deep.equal(['shop#1/paid/A']);
    expect(refusedAfter('shop#1/paid-in-part', handled)).to.deep.equal(['shop#1/paid', 'shop#1/paid/A']);
    expect(refusedAfter('shop#1/paid/A', handled)).to.deep.equal(['shop#1/paid', 'shop#1/paid-in-part']);
  });

  it('only the form matters: further payments with ids are new ones', () => {
    expect(refusedAfter('shop#1/paid/B')).to.deep.equal(['shop#1/paid']);
    expect(refusedAfter('shop#1/shipped')).to.deep.equal([]);
  });

  it('ids of another column, or no column, exclude each other: they may be those of the same money', () => {
    const handled = ['A@column-1', 'A@column-2', 'A'].flatMap((id) => [`shop#1/paid/${id}`, `shop#1/refunded/${id}`]);
    expect(refusedAfter('shop#1/paid/B@column-1', handled)).to.deep.equal(['shop#1/paid/A@column-2', 'shop#1/paid/A']);
    expect(refusedAfter('shop#1/paid/B', handled)).to.deep.equal(['shop#1/paid/A@column-1', 'shop#1/paid/A@column-2']);
    expect(refusedAfter('shop#1/refunded/A@column-2', handled)).to.deep.equal([
      'shop#1/refunded/A@column-1',
      'shop#1/refunded/A',
    ]);
    expect(refusedAfter('shop#2/paid/A@column-1', handled)).to.deep.equal([]);
  });

  it('a source that looks like a key confuses nothing', () => {
    const odd = 'a/paid/b#1';
    expect(refusedAfter(`${odd}/paid/X`, [odd, `${odd}/paid`, 'a/paid', 'a/paid/b'])).to.deep.equal([`${odd}/paid`]);
  });

  it('an id that is the word of a form is an id', () => {
    for (const id of ['paid', 'refund', 'refunded']) {
      expect(refusedAfter(`shop#1/paid/${id}`)).to.deep.equal(['shop#1/paid']);
      expect(refusedAfter(`shop#1/refunded/${id}`)).to.deep.equal(['shop#1/refunded', 'shop#1/refund/h']);
      expect(refusedAfter('shop#1/paid', [`shop#1/paid/${id}`])).to.deep.equal([`shop#1/paid/${id}`]);
    }
  });
});
