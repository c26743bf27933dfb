import { expect } from 'chai';
import { currentSchema, UnknownEvent, type Upcasters, upcast } from '../../src/orders/upcast.js';

describe('upcast', () => {
  const steps: Upcasters = {
    OrderNoteAdded: [({ note, ...rest }) => ({ ...rest, text: note }), ({ text }) => ({ text: String(text).trim() })],
  };
  it('data of the oldest schema version passes through every upcaster', () =>
    expect(upcast('OrderNoteAdded', 1, { note: ' hi ' }, steps)).to.deep.equal({
      type: 'OrderNoteAdded',
      data: { text: 'hi' },
    }));
  it('data of a later schema version skips the steps before it', () =>
    expect(upcast('OrderNoteAdded', 2, { text: ' hi ' }, steps).data).to.deep.equal({ text: 'hi' }));
  it('data of the current schema version stays unchanged', () =>
    expect(upcast('OrderNoteAdded', 3, { text: ' hi ' }, steps).data).to.deep.equal({ text: ' hi ' }));
  it('new events carry the newest schema version', () => expect(currentSchema('OrderNoteAdded', steps)).to.equal(3));
  it('upcasting data of an unknown newer schema version throws', () =>
    expect(() => upcast('OrderNoteAdded', 4, {}, steps)).to.throw(/schema version 4/));
  it('data of a schema version that cannot be one throws, with the versions that this code reads', () => {
    for (const schema of [0, -1, 1.5, Number.NaN]) {
      expect(() => upcast('OrderNoteAdded', schema, {}, steps)).to.throw(UnknownEvent, /this version reads 1 to 3$/);
    }
  });
  it('upcasting an event of an unknown type throws', () =>
    expect(() => upcast('OrderTeleported', 1, {})).to.throw(/newer version/));
});
