import { expect } from 'chai';
import { currentSchema, MalformedEvent, UnknownEvent, type Upcasters, upcast } from '../../src/orders/upcast.js';

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

  it('data that lacks a field of its type, or has another type in it, throws with the pointer of the field', () => {
    const item = { item_id: 'a', quantity: 1, unit_price_minor: null };
    const placed = { user_id: 'u', currency: 'USD', total_minor: 1, items: [item], metadata: {} };
    expect(upcast('OrderPlaced', 1, { ...placed, later: 'field' }).type).to.equal('OrderPlaced');
    const malformed: [type: string, schema: number, data: unknown, pointer: string][] = [
      ['OrderPlaced', 1, { ...placed, items: undefined }, '/items'],
      ['OrderPlaced', 1, { ...placed, items: null }, '/items'],
      ['OrderPlaced', 1, { ...placed, items: [item, { ...item, quantity: '2' }] }, '/items/1/quantity'],
      ['OrderPlaced', 1, { ...placed, items: [{ ...item, quantity: 0 }] }, '/items/0/quantity'],
      ['OrderPlaced', 1, { ...placed, total_minor: 1.5 }, '/total_minor'],
      ['OrderPlaced', 1, { ...placed, total_minor: 2 ** 53 }, '/total_minor'],
      ['OrderPlaced', 1, { ...placed, metadata: { 'a secret name': 1 } }, '/metadata'],
      ['OrderPlaced', 1, { ...placed, adjustments: [{ type: 'gift', amount_minor: 1 }] }, '/adjustments/0/type'],
      ['OrderPaid', 1, { payment_reference: null }, '/amount_minor'],
      ['OrderPaid', 1, { amount_minor: 1, payment_reference: null, already_received: false }, '/already_received'],
      ['OrderDelivered', 2, { items: [{ item_id: 'a' }], shipment_id: null }, '/items/0/quantity'],
      ['OrderCancelled', 1, {}, '/reason'],
    ];
    for (const [type, schema, data, pointer] of malformed) {
      expect(() => upcast(type, schema, data), pointer).to.throw(MalformedEvent, `its data has no valid ${pointer}`);
    }
    for (const data of [null, 'text', 7, []]) {
      expect(() => upcast('OrderCancelled', 1, data)).to.throw(MalformedEvent, 'its data is no object');
    }
  });
});
