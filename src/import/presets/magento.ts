import type { Preset } from './preset.js';

export const magento: Preset = {
  name: 'magento',
  reads: 'an export with one row per item and the columns of the sales tables; times are in UTC',
  groupBy: ['increment_id', 'Order Number', 'Order Increment ID', 'Order ID', 'Order #', 'order'],
  columns: {
    reference: ['increment_id', 'Order Number', 'Order Increment ID', 'Order ID', 'Order #', 'order'],
    user_id: ['customer_email', 'Customer Email', 'Email', 'customer_id'],
    currency: ['order_currency_code', 'Order Currency', 'Currency Code', 'Currency'],
    occurred_at: ['created_at', 'Order Date', 'Purchase Date', 'Purchased On'],
    total_amount: ['grand_total', 'Order Total', 'Total'],
    shipping: ['shipping_amount', 'Shipping'],
    tax: ['tax_amount', 'order_tax_amount', 'Tax'],
    discount: ['discount_amount', 'order_discount_amount', 'Discount'],
    item_id: ['sku', 'Item SKU', 'Product SKU', 'item_name'],
    quantity: ['qty_ordered', 'Item Qty Ordered', 'qty', 'Quantity'],
    unit_price: ['price', 'Item Price', 'Unit Price'],
    paid_at: ['paid_at', 'invoiced_at'],
    shipped_at: ['shipped_at'],
    delivered_at: ['completed_at', 'delivered_at'],
    cancelled_at: ['canceled_at', 'cancelled_at'],
    refunded_at: ['refunded_at'],
    paid_amount: ['total_paid'],
    refunded_amount: ['total_refunded'],
  },
  // A shop with several currencies has each amount in that of the order and in its own.
  baseColumns: {
    currency: ['base_currency_code'],
    total_amount: ['base_grand_total'],
    shipping: ['base_shipping_amount'],
    tax: ['base_tax_amount'],
    discount: ['base_discount_amount'],
    unit_price: ['base_price'],
    paid_amount: ['base_total_paid'],
    refunded_amount: ['base_total_refunded'],
  },
  // A closed order was refunded by credit memos.
  meanings: { closed: 'refunded', holded: null, payment_review: null },
  states: { status: ['status', 'state', 'Order Status'] },
  defaults: { user_id: 'guest' },
  dateFormats: ['YYYY-MM-DD HH:mm:ss', 'RFC3339'],
};
