import type { Preset } from './preset.js';

export const shopify: Preset = {
  name: 'shopify',
  reads: 'the export of orders in the admin (Orders, Export)',
  groupBy: ['Name'],
  columns: {
    reference: ['Name'],
    user_id: ['Email'],
    currency: ['Currency'],
    occurred_at: ['Created at'],
    total_amount: ['Total'],
    shipping: ['Shipping'],
    tax: ['Taxes'],
    discount: ['Discount Amount'],
    tip: ['Tip Received', 'Tip'],
    fee: ['Duties'],
    item_id: ['Lineitem sku', 'Lineitem name'],
    quantity: ['Lineitem quantity'],
    unit_price: ['Lineitem price'],
    paid_at: ['Paid at'],
    payment_reference: ['Payment Reference', 'Payment ID'],
    outstanding_amount: ['Outstanding Balance'],
    shipped_at: ['Fulfilled at'],
    // Exports have the first spelling, and some lists of their columns the second.
    cancelled_at: ['Cancelled at', 'Canceled at'],
    refunded_amount: ['Refunded Amount'],
  },
  fallbacks: { item_id: ['Lineitem name'] },
  // The refunded amount is a column of its own; an authorization that ended moved no money.
  meanings: { partially_refunded: 'paid', voided: null, expired: null, restocked: null },
  states: { payment_status: ['Financial Status'], status: ['Fulfillment Status'] },
  defaults: { user_id: 'guest' },
  dateFormats: ['YYYY-MM-DD HH:mm:ss ZZ', 'RFC3339'],
};
