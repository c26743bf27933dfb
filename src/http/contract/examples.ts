import type { bodySchemas } from './request-schemas.js';

/**
 * Example bodies of the OpenAPI document, by their titles. A test sends each of them and expects
 * success.
 */
export const examples: Readonly<Record<keyof typeof bodySchemas, Readonly<Record<string, object>>>> = {
  place: {
    'By item ids': { user_id: 'u-1', item_ids: ['shirt', 'shirt', 'mug'], total_amount: 59.98 },
    'By items, with prices': {
      user_id: 'u-1',
      items: [
        { item_id: 'shirt', quantity: 2, unit_price: '19.99' },
        { item_id: 'mug', quantity: 1, unit_price: '20.00' },
      ],
      total_amount: '59.98',
      currency: 'EUR',
      metadata: { channel: 'web' },
    },
    'With shipping, a discount and two lines of one item': {
      user_id: 'u-1',
      reference: '#1001',
      items: [
        { line_id: 'shirt-1', item_id: 'shirt', quantity: 1, unit_price: 19.99 },
        { line_id: 'shirt-2', item_id: 'shirt', quantity: 1, unit_price: 0 },
      ],
      adjustments: [
        { type: 'shipping', amount: 4.9, description: 'DHL' },
        { type: 'discount', amount: -2, description: 'WELCOME' },
      ],
    },
  },
  amend: {
    'One item fewer': {
      items: [{ item_id: 'shirt', quantity: 1 }],
      total_amount: 19.99,
      reason: 'the customer asked for it',
    },
    'A reference': { reference: '#1001' },
  },
  pay: {
    'The amount due': {},
    'Part of it': { amount: 10, payment_reference: 'pay_4711' },
    'A bank transfer that was too high': { amount: 70, payment_reference: 'sepa-1', already_received: true },
  },
  process: { 'Start processing': {} },
  ship: {
    'Everything left to ship': { carrier: 'DHL', tracking_number: '00340434161094042557' },
    'Part of it': { items: [{ item_id: 'shirt', quantity: 1 }] },
  },
  track: { 'Another tracking number': { shipment_id: '1', tracking_number: '00340434161094042558' } },
  deliver: {
    'Everything has arrived': {},
    'A shipment has arrived': { shipment_id: '1' },
    'Part of it has arrived': { items: [{ item_id: 'shirt', quantity: 1 }] },
  },
  cancel: {
    'Everything that has not shipped': { reason: 'ordered by mistake' },
    'Part of it': { items: [{ item_id: 'mug', quantity: 1 }], amount: 20, reason: 'sold out' },
  },
  refund: { 'Everything refundable': { reason: 'goodwill' }, 'Part of it': { amount: 5, reason: 'a scratch' } },
  credit: { 'The amount due': { reason: 'bad debt' }, 'Part of it': { amount: 5, reason: 'a later discount' } },
  return: {
    'Everything shipped': { reason: 'does not fit' },
    'A refused parcel': { shipment_id: '1', from: 'transit', reason: 'refused' },
    'A lost parcel, to be shipped again': { from: 'transit', ship_again: true, reason: 'lost' },
  },
  hold: { Hold: { reason: 'the address is being checked' } },
  release: { Release: { reason: 'the address is right' } },
  note: { Note: { text: 'Ring twice.' } },
  webhook: {
    'All events': { url: 'https://shop.example/webhooks/orders' },
    'Two types of events': {
      url: 'https://warehouse.example/orders',
      event_types: ['OrderShipped', 'OrderDelivered'],
    },
  },
  webhookState: { Pause: { state: 'paused' }, Resume: { state: 'active' } },
  replayDeadLetters: { All: {} },
  skipEvent: { 'The event of a stop': { partition: 3, position: 120, reason: 'the order is a test' } },
  verification: { 'The log by itself': {} },
  createKey: {
    'A web shop': { name: 'Web shop', subject: 'shop', scopes: ['orders:write', 'orders:read'] },
    'For a year': { name: 'An auditor', scopes: ['audit:read'], expires_at: '2099-01-01T00:00:00Z' },
  },
};
