import { type CommandName, returnedFrom } from '../../../orders/commands.js';
import { orderLimits as limits } from '../../../orders/limits.js';
import { currencySchema } from '../../../orders/order-document.js';
import {
  adjustments,
  body,
  id,
  itemIds,
  metadata,
  money,
  movedItems,
  orderedItems,
  printable,
  reason,
  reference,
  totalAmount,
  uuid,
} from './request-fields.js';

const whenItHappened = 'When it happened, for imports; needs the scope orders:import.';
const placedAt = {
  occurred_at: { type: 'string', format: 'rfc3339', description: `${whenItHappened} By default now.` },
} as const;
const occurredAt = {
  occurred_at: {
    type: 'string',
    format: 'rfc3339',
    description: `${whenItHappened} By default now, or when the order was placed if that is later.`,
  },
} as const;

export const orderReference = {
  type: 'string',
  minLength: 1,
  maxLength: limits.maxOrderReferenceLength,
  pattern: printable,
  description: 'The shop’s own number of the order. It need not be unique.',
} as const;

const shipmentId = { type: 'string', pattern: '^[1-9]\\d{0,4}$', description: 'A shipment_id of the order.' } as const;
const carriage = {
  carrier: { ...reference, description: 'The carrier of the shipment.' },
  tracking_number: {
    ...reference,
    description: 'The carrier’s number of the shipment. It is sealed as personal data.',
  },
} as const;

/**
 * The body of each command. `place` takes either `items` or `item_ids`, `amend` at most one of
 * them.
 */
export const commandSchemas = {
  place: {
    ...body(
      {
        user_id: id,
        item_ids: itemIds,
        items: orderedItems,
        adjustments,
        total_amount: totalAmount,
        reference: orderReference,
        order_id: uuid,
        currency: currencySchema,
        metadata,
        ...placedAt,
      },
      ['user_id'],
    ),
    oneOf: [{ required: ['items'] }, { required: ['item_ids'] }],
  },
  amend: {
    ...body({
      item_ids: itemIds,
      items: orderedItems,
      adjustments,
      total_amount: totalAmount,
      reference: orderReference,
      metadata,
      reason: { ...reason, description: 'Required if lines or money change.' },
      ...occurredAt,
    }),
    not: { required: ['items', 'item_ids'], properties: { items: {}, item_ids: {} } },
  },
  pay: body({
    amount: { ...money, description: 'In major units. By default what is due.' },
    payment_reference: reference,
    already_received: {
      type: 'boolean',
      description: 'The money has arrived: it is recorded even if less or nothing is due.',
    },
    another: {
      type: 'boolean',
      description: 'A further payment, although it equals an earlier one with this payment_reference.',
    },
    ...occurredAt,
  }),
  process: body({ ...occurredAt }),
  ship: body({ items: movedItems, ...carriage, ...occurredAt }),
  track: {
    ...body({ shipment_id: shipmentId, ...carriage, ...occurredAt }, ['shipment_id']),
    anyOf: [{ required: ['carrier'] }, { required: ['tracking_number'] }],
  },
  deliver: body({ items: movedItems, shipment_id: shipmentId, ...occurredAt }),
  cancel: body(
    {
      items: movedItems,
      amount: { ...money, description: 'The amount that comes off the total. By default the price of the units.' },
      reason,
      ...occurredAt,
    },
    ['reason'],
  ),
  refund: body(
    {
      amount: { ...money, description: 'In major units. By default the surplus, or else all that was paid.' },
      items: { ...movedItems, description: 'Sets the default amount to the price of these units.' },
      payable_again: {
        type: 'boolean',
        description: 'The refunded amount is to be paid again, for example after a chargeback.',
      },
      reason,
      ...occurredAt,
    },
    ['reason'],
  ),
  credit: body(
    { amount: { ...money, description: 'In major units. By default what is due.' }, reason, ...occurredAt },
    ['reason'],
  ),
  return: body(
    {
      items: movedItems,
      from: {
        type: 'string',
        enum: returnedFrom,
        description: 'By default delivered units come first, then units in transit.',
      },
      shipment_id: shipmentId,
      ship_again: {
        type: 'boolean',
        description: 'The units are to be shipped once more and do not count as returned.',
      },
      reason,
      ...occurredAt,
    },
    ['reason'],
  ),
  hold: body({ reason, ...occurredAt }, ['reason']),
  release: body({ reason, ...occurredAt }, ['reason']),
  note: body({ text: { type: 'string', minLength: 1, maxLength: limits.maxNoteLength }, ...occurredAt }, ['text']),
} as const;

/**
 * A line of a batch: the body of a command, with `command`, `order_id` and `idempotency_key` beside
 * it. These three are checked separately.
 */
export const lineSchemas = Object.fromEntries(
  Object.entries(commandSchemas).map(([name, { properties, ...rest }]) => [
    name,
    { ...rest, properties: { command: true, idempotency_key: true, order_id: true, ...properties } },
  ]),
) as Record<CommandName, object>;
