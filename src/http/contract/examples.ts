import type { bodySchemas } from './request-schemas.js';

/** Example bodies of the OpenAPI document, by what they show. A test sends every one of them and expects it to be taken. */
export const examples: Readonly<Record<keyof typeof bodySchemas, Readonly<Record<string, object>>>> = {
  place: {
    'By item ids': { user_id: 'u-1', item_ids: ['shirt', 'shirt', 'mug'], total_amount: 59.98 },
    'By lines, with prices': {
      user_id: 'u-1',
      items: [
        { item_id: 'shirt', quantity: 2, unit_price: '19.99' },
        { item_id: 'mug', quantity: 1, unit_price: '20.00' },
      ],
      total_amount: '59.98',
      currency: 'EUR',
      metadata: { channel: 'web' },
    },
  },
  amend: {
    'One item less': {
      items: [{ item_id: 'shirt', quantity: 1 }],
      total_amount: 19.99,
      reason: 'the customer asked for it',
    },
  },
  pay: { 'What is due': {}, 'A part': { amount: 10, payment_reference: 'pay_4711' } },
  process: { Begin: {} },
  ship: {
    'All that is left': { carrier: 'DHL', tracking_number: '00340434161094042557' },
    'A part': { items: [{ item_id: 'shirt', quantity: 1 }] },
  },
  deliver: { 'It has arrived': {} },
  cancel: { Cancel: { reason: 'ordered by mistake' } },
  refund: { 'All that is left': { reason: 'goodwill' }, 'A part': { amount: 5, reason: 'a scratch' } },
  return: { 'All that was shipped': { reason: 'does not fit' } },
  hold: { Hold: { reason: 'the address is being checked' } },
  release: { Release: { reason: 'the address is right' } },
  note: { Note: { text: 'Ring twice.' } },
  webhook: {
    'Everything that happens': { url: 'https://shop.example/webhooks/orders' },
    'Two types of events': {
      url: 'https://warehouse.example/orders',
      event_types: ['OrderShipped', 'OrderDelivered'],
    },
  },
  webhookState: { Pause: { state: 'paused' }, 'Go on': { state: 'active' } },
  replayDeadLetters: { All: {} },
};
