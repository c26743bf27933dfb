/** An order may have several payments and several refunds, each with values of its own. */
export const transactionKinds = ['payment', 'refund'] as const;
export type TransactionKind = (typeof transactionKinds)[number];

/** The fields whose values tell the payments of an order apart, and its refunds. */
export const transactionIds = { payment: 'payment_id', refund: 'refund_id' } as const;

export type FieldKind = 'text' | 'number' | 'quantity' | 'time' | 'currency' | 'list';

/** A field of an order that a column, or a value for all orders, can fill. */
export interface Field {
  readonly kind: FieldKind;
  /** Whether each row of a grouped order has a value of its own. */
  readonly perLine: boolean;
  /** Whether an empty cell leaves the field out. Otherwise it needs a value, or `--default`. */
  readonly optional: boolean;
  /** The transaction that the field belongs to. Without an id, an order has one of each kind. */
  readonly transaction?: TransactionKind;
}

const order = (kind: FieldKind): Field => ({ kind, perLine: false, optional: false });
const line = (kind: FieldKind): Field => ({ kind, perLine: true, optional: false });
const optional = (field: Field): Field => ({ ...field, optional: true });
const payment = (kind: FieldKind): Field => ({ ...optional(order(kind)), transaction: 'payment' });
const refund = (kind: FieldKind): Field => ({ ...optional(order(kind)), transaction: 'refund' });

/** The fields that --map, --set and --default know, besides metadata.NAME. */
export const fields = {
  user_id: order('text'),
  total_amount: order('number'),
  currency: order('currency'),
  occurred_at: order('time'),
  order_id: order('text'),
  item_id: line('text'),
  quantity: line('quantity'),
  unit_price: optional(line('number')),
  item_ids: order('list'),
  line_id: optional(line('text')),
  reference: optional(order('text')),
  return_of: optional(order('text')),
  shipping: optional(order('number')),
  tax: optional(order('number')),
  discount: optional(order('number')),
  fee: optional(order('number')),
  tip: optional(order('number')),
  other: optional(order('number')),
  line_shipping: optional(line('number')),
  line_tax: optional(line('number')),
  line_discount: optional(line('number')),
  line_fee: optional(line('number')),
  paid_at: payment('time'),
  processed_at: optional(order('time')),
  shipped_at: optional(order('time')),
  delivered_at: optional(order('time')),
  cancelled_at: optional(order('time')),
  refunded_at: refund('time'),
  payment_id: payment('text'),
  paid_amount: payment('number'),
  outstanding_amount: optional(order('number')),
  refund_id: refund('text'),
  refunded_amount: refund('number'),
  payment_reference: payment('text'),
  carrier: optional(order('text')),
  tracking_number: optional(order('text')),
  cancel_reason: optional(order('text')),
  refund_reason: refund('text'),
  status: optional(order('text')),
  payment_status: optional(order('text')),
} as const satisfies Record<string, Field>;

export type FieldName = keyof typeof fields;

export const fieldNames = Object.keys(fields);

const metadataField = optional(order('text'));

/** The field of a name. Undefined if there is no such field. */
export function fieldOf(name: string): Field | undefined {
  if (/^metadata\.[\w-]+$/.test(name)) return metadataField;
  return isFieldName(name) ? fields[name] : undefined;
}

function isFieldName(name: string): name is FieldName {
  return Object.hasOwn(fields, name);
}
