import type { Preset } from './preset.js';

export const uciOnlineRetail: Preset = {
  name: 'uci-online-retail',
  reads: 'the data sets Online Retail and Online Retail II of the UCI Machine Learning Repository, as CSV',
  groupBy: ['InvoiceNo', 'Invoice'],
  columns: {
    reference: ['InvoiceNo', 'Invoice'],
    user_id: ['CustomerID', 'Customer ID'],
    occurred_at: ['InvoiceDate'],
    item_id: ['StockCode'],
    quantity: ['Quantity'],
    unit_price: ['UnitPrice', 'Price'],
    'metadata.country': ['Country'],
  },
  // Programs that know no empty whole number write the customers with a decimal.
  integerTexts: ['user_id'],
  constants: { currency: 'GBP' },
  defaults: { user_id: 'guest' },
  dateFormats: ['M/D/YYYY H:mm', 'YYYY-MM-DD HH:mm:ss', 'YYYY-MM-DD HH:mm', 'M/D/YY H:mm'],
  computesTotal: true,
  hasReturns: true,
  // Postage and carriage, manual entries and fees are rows of their own, with these codes.
  charges: {
    shipping: ['POST', 'DOT', 'C2', 'C3'],
    discount: ['D'],
    fee: ['BANK CHARGES', 'AMAZONFEE', 'CRUK'],
    other: ['M', 'B', 'ADJUST', 'ADJUST2'],
  },
  // Some invoices were entered over two minutes.
  firstRow: ['occurred_at'],
};
