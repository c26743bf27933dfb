import { expect } from 'chai';
import { batchesOf, compareFolded } from '../../../src/projector/dry-run/compare-folded.js';
import type { Content } from '../../../src/projector/dry-run/memory-store.js';
import { Suspects } from '../../../src/projector/dry-run/suspects.js';
import { projectorLimits as limits } from '../../../src/projector/limits.js';
import type { Redis } from '../../../src/read-models/redis/redis-client.js';

describe('the round trips that read keys to compare them with a fold', () => {
  const batches = (contents: ReadonlyMap<string, Content>) =>
    [...batchesOf(contents.keys(), (name) => contents.get(name))].map((batch) => batch.map(({ name }) => name));

  it('a round trip reads many small keys', () => {
    const small: Content = { type: 'hash', entries: new Map([['entry', 'text']]) };
    const contents = new Map(Array.from({ length: limits.maxComparedEntries + 1 }, (_, nth) => [`key-${nth}`, small]));
    expect(batches(contents).map(({ length }) => length)).to.deep.equal([limits.maxComparedEntries, 1]);
  });

  it('keys with large entries are spread over several round trips, whatever their type', () => {
    const text = 'x'.repeat(0.6 * limits.maxComparedLength);
    const contents = new Map<string, Content>([
      ['small', { type: 'list', items: ['item'] }],
      ['hash', { type: 'hash', entries: new Map([['entry', text]]) }],
      ['list', { type: 'list', items: [text] }],
      ['set', { type: 'set', entries: new Map([[text, '1']]) }],
    ]);
    expect(batches(contents)).to.deep.equal([['small', 'hash'], ['list'], ['set']]);
  });
});

describe('a comparison of keys with a fold that has none of them', () => {
  it('reads no further keys and counts none once too many entries differ', async () => {
    const entry = 'x'.repeat(limits.maxSuspectsBytes);
    let calls = 0;
    // The first page has all bytes of a round trip.
    const sendCommand = async () => {
      calls += 1;
      return JSON.stringify([['hash', '0', entry, '']]);
    };
    const names = Array.from({ length: 5 * limits.maxComparedEntries }, (_, nth) => `key-${nth}`);
    const suspects = new Suspects();
    let compared = 0;
    await compareFolded(
      { status: 'ready', sendCommand } as unknown as Redis,
      names,
      () => undefined,
      suspects,
      (keys) => {
        compared += keys;
      },
    );
    expect(suspects.isFull).to.equal(true);
    expect(compared).to.equal(1);
    // The second round trip is on its way while the first one is compared.
    expect(calls).to.equal(2);
  });
});
