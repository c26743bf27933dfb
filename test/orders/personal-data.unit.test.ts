import { expect } from 'chai';
import { erasedFields, splitPersonalData } from '../../src/orders/personal-data.js';

describe('the personal data of an event', () => {
  const cases: [type: string, data: object, personal: object | undefined, rest: object][] = [
    [
      'OrderPlaced',
      { user_id: 'u', currency: 'USD', metadata: { a: 'b' }, reference: '#1' },
      { user_id: 'u', metadata: { a: 'b' } },
      { currency: 'USD', reference: '#1' },
    ],
    ['OrderAmended', { metadata: {}, reason: 'r' }, { metadata: {} }, { reason: 'r' }],
    ['OrderAmended', { reference: '#2', reason: 'r' }, undefined, { reference: '#2', reason: 'r' }],
    ['OrderShipped', { carrier: 'DHL', tracking_number: 'T' }, { tracking_number: 'T' }, { carrier: 'DHL' }],
    ['OrderShipped', { carrier: null, tracking_number: null }, undefined, { carrier: null, tracking_number: null }],
    [
      'OrderShipmentTracked',
      { shipment_id: '1', tracking_number: 'T' },
      { tracking_number: 'T' },
      { shipment_id: '1' },
    ],
    ['OrderNoteAdded', { text: 'called back' }, { text: 'called back' }, {}],
    ['OrderPaid', { amount_minor: 1, payment_reference: 'p' }, undefined, { amount_minor: 1, payment_reference: 'p' }],
    ['OrderTeleported', { user_id: 'u' }, undefined, { user_id: 'u' }],
  ];
  for (const [type, data, personal, rest] of cases) {
    it(`of ${type} ${JSON.stringify(data)} is ${JSON.stringify(personal) ?? 'none'}`, () =>
      expect(splitPersonalData(type, data)).to.deep.equal({ personal, rest }));
  }

  it('is replaced, once its person was forgotten, by values of the same types', () => {
    expect(erasedFields('OrderPlaced')).to.deep.equal({ user_id: '[erased]', metadata: {} });
    expect(erasedFields('OrderNoteAdded')).to.deep.equal({ text: '[erased]' });
    expect(erasedFields('OrderPaid')).to.deep.equal({});
    expect(erasedFields('OrderTeleported')).to.deep.equal({});
  });
});
