import { expect } from 'chai';
import { type ReadKeys, StepTooLarge } from '../../src/projections/projection.js';
import { rememberedOrders } from '../../src/projections/remembered-orders.js';

type Entry = readonly [hash: string, field: string];

/** Loads texts of orders, and gives the fields that were read. */
function loader(stored: Readonly<Record<string, string>>, limit = Number.POSITIVE_INFINITY) {
  const reads: string[][] = [];
  const read = Object.assign(async () => [], {
    fields: async (entries: readonly Entry[]) => {
      reads.push(entries.map((entry) => entry.join(' ')));
      return entries.slice(0, limit).map(([, field]) => stored[field] ?? null);
    },
  }) as ReadKeys;
  return {
    reads,
    load: (events: [orderId: string, version: number][], last: Readonly<Record<string, string>> = {}, withMore = '') =>
      rememberedOrders(
        events.map(([orderId, version], index) => ({ stored: { position: 10 + index }, event: { orderId, version } })),
        (orderId) => last[orderId],
        read,
        (orderId) =>
          withMore.includes(orderId)
            ? [
                ['orders', orderId],
                ['orders', `${orderId}+`],
              ]
            : [['orders', orderId]],
        (orderId, text, more) => `${orderId}: ${text} ${more}`,
      ),
  };
}

describe('the orders that a step changes', () => {
  it('are read in one call, each of them once', async () => {
    const { load, reads } = loader({ a: 'one', b: 'two' });
    const orders = await load([
      ['a', 2],
      ['b', 7],
      ['a', 3],
    ]);
    expect([...orders]).to.deep.equal([
      ['a', 'a: one undefined'],
      ['b', 'b: two undefined'],
    ]);
    expect(reads).to.deep.equal([['orders a', 'orders b']]);
  });

  it('are not read if they were placed in the step', async () => {
    const { load, reads } = loader({});
    const orders = await load([
      ['a', 1],
      ['a', 2],
    ]);
    expect(orders.size).to.equal(0);
    expect(reads).to.deep.equal([]);
  });

  it('are not read if the step before knew them, and the others of that step are not kept', async () => {
    const { load, reads } = loader({ b: 'two' });
    const last = { a: 'known', c: 'of no event' };
    expect([...(await load([['a', 2]], last))]).to.deep.equal([['a', 'known']]);
    expect(reads).to.deep.equal([]);
    const both = await load(
      [
        ['a', 2],
        ['b', 2],
      ],
      last,
    );
    expect([...both]).to.deep.equal([
      ['a', 'known'],
      ['b', 'b: two undefined'],
    ]);
    expect(reads).to.deep.equal([['orders b']]);
  });

  it('have a second entry if the events need it, which may be missing', async () => {
    const { load, reads } = loader({
      a: 'one',
      b: 'two',
      'b+': 'more of b',
      c: 'three',
      'c+': 'not needed',
      d: 'four',
    });
    const events = ['a', 'b', 'c', 'd'].map((orderId): [string, number] => [orderId, 2]);
    expect([...(await load(events, {}, 'a b d')).values()]).to.deep.equal([
      'a: one undefined',
      'b: two more of b',
      'c: three undefined',
      'd: four undefined',
    ]);
    expect(reads.flat()).to.have.length(7);
  });

  it('fail the step by name if an entry is missing', async () => {
    const loading = loader({ a: 'one' }).load([
      ['a', 2],
      ['b', 2],
    ]);
    expect(await loading.catch(String)).to.equal('Error: order b has later events but no entry');
  });

  it('end the step before the first order that exceeds the limit of bytes', async () => {
    const events: [string, number][] = [
      ['a', 2],
      ['new', 1],
      ['b', 2],
      ['a', 3],
      ['c', 2],
      ['b', 3],
    ];
    const stored = { a: 'one', 'a+': 'more', b: 'two', 'b+': 'more', c: 'three', 'c+': 'more' };
    for (const [limit, position] of [
      [2, 12],
      [3, 12],
      [4, 14],
      [5, 14],
    ]) {
      const error = await loader(stored, limit)
        .load(events, {}, 'a b c')
        .catch((reason: unknown) => reason);
      expect(error, `${limit} entries`).to.be.instanceOf(StepTooLarge);
      expect((error as StepTooLarge).position, `${limit} entries`).to.equal(position);
      expect(String(error)).to.match(
        new RegExp(`^StepTooLarge: .* from position ${position} on exceeds the limit of bytes`),
      );
    }
    expect((await loader(stored, 6).load(events, {}, 'a b c')).size).to.equal(3);
  });
});
