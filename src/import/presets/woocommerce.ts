import type { Preset } from './preset.js';

/**
 * The names are those of the plugins Advanced Order Export ("Transaction ID"), Order Export & Order
 * Import ("transaction_id"), and Customer/Order/Coupon Export. "Item ID" is left out: it identifies
 * the line, not the article.
 */
export const woocommerce: Preset = {
  name: 'woocommerce',
  reads: 'an export with one row per item, as the usual export plugins write it',
  groupBy: ['Order Number', 'Order ID', 'Order'],
  columns: {
    reference: ['Order Number', 'Order ID', 'Order'],
    user_id: [
      'Customer ID',
      'Customer User ID',
      'Customer User',
      'Billing Email',
      'Email (Billing)',
      'Email',
      'Customer',
    ],
    currency: ['Order Currency', 'Currency'],
    occurred_at: ['Order Date', 'Date Created', 'Created at', 'Date'],
    total_amount: ['Order Total', 'Order Total Amount', 'Total'],
    shipping: ['Order Shipping', 'Order Shipping Amount', 'Shipping Total', 'Shipping Amount', 'Shipping'],
    tax: ['Order Total Tax Amount', 'Order Total Tax', 'Order Tax', 'Tax Total', 'Total Tax', 'Tax', 'Taxes'],
    discount: [
      'Cart Discount Amount',
      'Cart Discount',
      'Order Discount',
      'Discount Total',
      'Discount Amount',
      'Discount',
    ],
    fee: ['Fee Total', 'Order Total Fee', 'Order Fee', 'Fees Total', 'Fees', 'Fee'],
    item_id: ['SKU', 'Item SKU', 'Product SKU', 'Item Product ID', 'Product ID', 'Item Name', 'Product Name'],
    quantity: ['Quantity', 'Item Quantity', 'Quantity (- Refund)', 'Qty'],
    unit_price: ['Item Cost Before Discount', 'Item Price', 'Item Cost', 'Product Price', 'Price', 'Unit Price'],
    paid_at: ['Date Paid', 'Paid Date', 'Paid at'],
    delivered_at: ['Date Completed', 'Completed Date', 'Completed at'],
    payment_reference: ['Transaction ID'],
    refunded_amount: ['Order Refund Amount', 'Refunded Total', 'Refund Total', 'Refunded Amount'],
  },
  discountedPrices: ['Item Cost'],
  emptyTexts: { user_id: ['0'] },
  fallbacks: { item_id: ['Item Name', 'Product Name', 'Name'], user_id: ['Billing Email', 'Email (Billing)', 'Email'] },
  // Some plugins write the names of the database, such as wc-completed.
  meanings: {
    ...{ failed: null, wc_failed: null, wc_pending: null, wc_on_hold: null, checkout_draft: null },
    ...{ wc_processing: 'processed', wc_completed: 'delivered', wc_cancelled: 'cancelled', wc_refunded: 'refunded' },
  },
  states: { status: ['Order Status', 'Status'] },
  defaults: { user_id: 'guest' },
  dateFormats: ['YYYY-MM-DD HH:mm:ss', 'YYYY-MM-DD HH:mm', 'YYYY-MM-DDTHH:mm:ss', 'RFC3339'],
};
