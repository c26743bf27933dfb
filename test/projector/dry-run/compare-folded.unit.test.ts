import { expect } from 'chai';
import { batchesOf } from '../../../src/projector/dry-run/compare-folded.js';
import type { Content } from '../../../src/projector/dry-run/memory-store.js';
import { projectorLimits as limits } from '../../../src/projector/limits.js';

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
