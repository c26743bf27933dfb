import type { Preset } from './preset.js';

export const olist: Preset = {
  name: 'olist',
  reads: 'the Brazilian E-Commerce data set of Olist: its orders, items, customers and payments joined into one CSV',
  groupBy: ['order_id'],
  columns: {
    reference: ['order_id'],
    user_id: ['customer_unique_id', 'customer_id'],
    occurred_at: ['order_purchase_timestamp'],
    line_id: ['order_item_id'],
    item_id: ['product_id'],
    unit_price: ['price'],
    line_shipping: ['freight_value'],
    paid_at: ['order_approved_at'],
    shipped_at: ['order_delivered_carrier_date'],
    delivered_at: ['order_delivered_customer_date'],
  },
  payments: { payment_id: ['payment_sequential'], paid_amount: ['payment_value'] },
  states: { status: ['order_status'] },
  // The articles were not available, and the order ended.
  meanings: { unavailable: 'cancelled' },
  constants: { currency: 'BRL' },
  dateFormats: ['YYYY-MM-DD HH:mm:ss'],
  computesTotal: true,
};
