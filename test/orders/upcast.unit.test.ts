import { expect } from 'chai';
import { currentSchema, type Upcasters, upcast } from '../../src/orders/upcast.js';

describe('upcast', () => {
  const steps: Upcasters = {
    OrderNoteAdded: [({ note, ...rest }) => ({ ...rest, text: note }), ({ text }) => ({ text: String(text).trim() })],
  };
  it('turns the oldest data into today’s, step by step', () =>
    expect(upcast('OrderNoteAdded', 1, { note: ' hi ' }, steps)).to.deep.equal({
      type: 'OrderNoteAdded',
      data: { text: 'hi' },
    }));
  it('skips the steps that the data has behind it', () =>
    expect(upcast('OrderNoteAdded', 2, { text: ' hi ' }, steps).data).to.deep.equal({ text: 'hi' }));
  it('leaves today’s data alone', () =>
    expect(upcast('OrderNoteAdded', 3, { text: ' hi ' }, steps).data).to.deep.equal({ text: ' hi ' }));
  it('gives new events the newest schema version', () => expect(currentSchema('OrderNoteAdded', steps)).to.equal(3));
  it('refuses data of a newer version than it knows', () =>
    expect(() => upcast('OrderNoteAdded', 4, {}, steps)).to.throw(/schema version 4/));
  it('refuses a type that it does not know', () =>
    expect(() => upcast('OrderTeleported', 1, {})).to.throw(/newer version/));
});
