import { count, type FromSchema, list, nullable, object, record, text } from '../json-schema.js';

/**
 * The data of each type of order event, as JSON schemas: the types of events.ts, docs/events.md and
 * the OpenAPI document follow from them. Money is in integer minor units of the order's currency.
 * Fields that are optional here are absent from events of earlier versions.
 */

export const adjustmentTypes = ['shipping', 'tax', 'discount', 'fee', 'tip', 'other'] as const;
export type AdjustmentType = (typeof adjustmentTypes)[number];

const quantity = { type: 'integer', minimum: 1 } as const;
const amount = { type: 'integer', minimum: 0 } as const;
const reason = { ...text, description: 'The reason that the caller gave.' } as const;

const orderedItem = object(
  {
    item_id: text,
    quantity,
    unit_price_minor: {
      ...nullable(amount),
      description: 'Null if the line has no price, or if its price is in `unit_price_micro`.',
    },
    unit_price_micro: {
      ...amount,
      description: 'Millionths of the major unit: the price of a line whose price is not whole in minor units.',
    },
    line_id: { ...text, description: 'Absent if it is the number of the line, from "1".' },
  },
  ['unit_price_micro', 'line_id'],
);

const lineUnits = object(
  {
    line_id: { ...text, description: 'Absent in schema version 1: an item has only one line there.' },
    item_id: text,
    quantity,
  },
  ['line_id'],
);

const returnedUnits = object(
  {
    ...lineUnits.properties,
    in_transit: { ...count, description: 'How many of these units had not been delivered. Absent if there are none.' },
  },
  ['line_id', 'in_transit'],
);

const adjustment = object(
  {
    type: { enum: adjustmentTypes, description: 'The kind of the adjustment.' },
    amount_minor: { type: 'integer', description: 'Negative for a discount.' },
    description: text,
  },
  ['description'],
);

const shipmentOfUnits = {
  ...nullable(text),
  description: 'The shipment that the units belong to. Null: they belong to the oldest shipments.',
} as const;

const metadata = { ...record(text), description: 'The key-value pairs of the order. Sealed.' } as const;
const trackingNumber = { ...nullable(text), description: 'Sealed.' } as const;

export const eventDataSchemas = {
  OrderPlaced: object(
    {
      user_id: { ...text, description: 'The customer. Sealed.' },
      currency: { ...text, description: 'ISO 4217.' },
      total_minor: { ...amount, description: 'The total, with all lines and adjustments.' },
      items: list(orderedItem),
      metadata,
      reference: { ...text, description: 'The shop’s own number of the order.' },
      adjustments: list(adjustment),
    },
    ['reference', 'adjustments'],
  ),
  OrderAmended: object(
    {
      total_minor: {
        ...amount,
        description: 'Absent if the money stays as it is. Otherwise all earlier cancellations are reset.',
      },
      items: { ...list(orderedItem), description: 'All lines. Absent if the lines stay as they are.' },
      adjustments: {
        ...list(adjustment),
        description: 'All adjustments. Without them, but with `total_minor`, the order has none.',
      },
      reference: { ...text, description: 'The shop’s own number of the order.' },
      metadata,
      reason: { ...nullable(text), description: reason.description },
    },
    ['total_minor', 'items', 'adjustments', 'reference', 'metadata'],
  ),
  OrderPaid: object(
    {
      amount_minor: amount,
      payment_reference: { ...nullable(text), description: 'The number of the payment at its provider.' },
      already_received: {
        const: true,
        description: 'The money had already arrived, so it was recorded even if less was due.',
      },
    },
    ['already_received'],
  ),
  OrderProcessingStarted: object({}),
  OrderShipped: object({
    items: list(lineUnits),
    carrier: nullable(text),
    tracking_number: trackingNumber,
    shipment_id: {
      ...nullable(text),
      description: '"1", "2", … Null in schema version 1: the order’s n-th OrderShipped is its shipment n there.',
    },
  }),
  OrderShipmentTracked: object({
    shipment_id: text,
    carrier: { ...nullable(text), description: 'Null: it stays as it is.' },
    tracking_number: { ...nullable(text), description: 'Null: it stays as it is. Sealed.' },
  }),
  OrderDelivered: object({
    items: { anyOf: [list(lineUnits), { type: 'null' }], description: 'Null: everything in transit.' },
    shipment_id: shipmentOfUnits,
  }),
  OrderCancelled: object({
    items: { anyOf: [list(lineUnits), { type: 'null' }], description: 'Null: all units that have not shipped.' },
    amount_minor: {
      ...nullable(amount),
      description: 'The amount that came off the total. Null in schema version 1: all that the order was worth.',
    },
    reason,
  }),
  OrderRefunded: object({
    amount_minor: amount,
    credited_minor: { ...amount, description: 'The part of the refund that lowered what the order is worth.' },
    reason,
  }),
  OrderCredited: object({ amount_minor: amount, reason }),
  OrderReturned: object(
    {
      items: list(returnedUnits),
      shipment_id: shipmentOfUnits,
      ship_again: {
        const: true,
        description: 'The units are to be shipped once more and do not count as returned.',
      },
      rest_arrived: {
        const: true,
        description:
          'Set only when an event of schema version 1 is converted. That version does not say which units had been ' +
          'delivered, and no delivery could follow it: the units that did not come back count as delivered.',
      },
      reason,
    },
    ['ship_again', 'rest_arrived'],
  ),
  OrderHeld: object({ reason }),
  OrderReleased: object({ reason }),
  OrderNoteAdded: object({ text: { ...text, description: 'Sealed.' } }),
  OrderPersonErased: object({}),
} as const;

/** One sentence about each type of event. */
export const eventMeanings: Readonly<Record<keyof typeof eventDataSchemas, string>> = {
  OrderPlaced: 'The order exists. It is the first event of its stream.',
  OrderAmended: 'Lines, adjustments, total, reference or metadata were changed.',
  OrderPaid: 'A payment of the customer arrived.',
  OrderProcessingStarted: 'The shop began to prepare the order.',
  OrderShipped: 'Units left as a shipment.',
  OrderShipmentTracked: 'The carrier or the tracking number of a shipment was corrected.',
  OrderDelivered: 'Units arrived.',
  OrderCancelled: 'Units that had not shipped, or the whole order, were cancelled.',
  OrderRefunded: 'Money was given back to the customer.',
  OrderCredited: 'The order is worth less, and no money was given back.',
  OrderReturned: 'Shipped units came back, or were lost.',
  OrderHeld: 'The order was put on hold: nothing is processed or shipped until it is released.',
  OrderReleased: 'The hold ended.',
  OrderNoteAdded: 'Somebody added a note.',
  OrderPersonErased: 'The customer was forgotten: no sealed field of the order’s events can be read any more.',
};

type DataOf<Type extends keyof typeof eventDataSchemas> = FromSchema<(typeof eventDataSchemas)[Type]>;

export type OrderedItem = FromSchema<typeof orderedItem>;
/** Units of one line. */
export type LineUnits = FromSchema<typeof lineUnits>;
/** Units that came back. */
export type ReturnedUnits = FromSchema<typeof returnedUnits>;
/** Money of the order that belongs to no unit. A discount is negative. */
export type AdjustmentData = FromSchema<typeof adjustment>;
export type OrderPlaced = DataOf<'OrderPlaced'>;
export type OrderAmended = DataOf<'OrderAmended'>;
export type OrderPaid = DataOf<'OrderPaid'>;
export type OrderShipped = DataOf<'OrderShipped'>;
export type OrderShipmentTracked = DataOf<'OrderShipmentTracked'>;
export type OrderDelivered = DataOf<'OrderDelivered'>;
export type OrderCancelled = DataOf<'OrderCancelled'>;
export type OrderRefunded = DataOf<'OrderRefunded'>;
export type OrderCredited = DataOf<'OrderCredited'>;
export type OrderReturned = DataOf<'OrderReturned'>;
export type OrderHeld = DataOf<'OrderHeld'>;
export type OrderReleased = DataOf<'OrderReleased'>;
export type OrderNoteAdded = DataOf<'OrderNoteAdded'>;
