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
  },
  amend: {
    'One item fewer': {
      items: [{ item_id: 'shirt', quantity: 1 }],
      total_amount: 19.99,
      reason: 'the customer asked for it',
    },
  },
  pay: { 'The amount due': {}, 'Part of it': { amount: 10, payment_reference: 'pay_4711' } },
  process: { 'Start processing': {} },
  ship: {
    'Everything left to ship': { carrier: 'DHL', tracking_number: '00340434161094042557' },
    'Part of it': { items: [{ item_id: 'shirt', quantity: 1 }] },
  },
  deliver: { 'Everything has arrived': {} },
  cancel: { Cancel: { reason: 'ordered by mistake' } },
  refund: { 'Everything refundable': { reason: 'goodwill' }, 'Part of it': { amount: 5, reason: 'a scratch' } },
  return: { 'Everything shipped': { reason: 'does not fit' } },
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
};
