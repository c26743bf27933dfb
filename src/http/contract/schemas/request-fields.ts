import { eventPositionPattern } from '../../../log-epochs.js';
import { adjustmentTypes } from '../../../orders/event-data.js';
import { orderLimits as limits } from '../../../orders/limits.js';
import { uuidPattern } from '../../../orders/values/uuid.js';

/** The schemas of fields that several requests have. */

// Ids become part of keys and of log lines: a control character in one is a mistake or an attack.
export const printable = '^[^\\u0000-\\u001f\\u007f]*$';

export const id = { type: 'string', minLength: 1, maxLength: limits.maxIdLength, pattern: printable } as const;
export const uuid = { type: 'string', pattern: uuidPattern } as const;
const quantity = { type: 'integer', minimum: 1, maximum: limits.maxQuantity } as const;
export const eventPosition = { type: 'string', pattern: eventPositionPattern } as const;
export const reason = { type: 'string', minLength: 1, maxLength: limits.maxReasonLength } as const;
export const reference = {
  type: 'string',
  minLength: 1,
  maxLength: limits.maxReferenceLength,
  pattern: printable,
} as const;

/**
 * Major units: a number, or a decimal string. The currency limits the number of decimals that are
 * not zeros at the end.
 */
export const money = {
  type: ['number', 'string'],
  minimum: 0,
  maxLength: 40,
  description:
    'In major units, such as 59.98 or "59.98", with at most the decimals of the currency. Zeros at the end do not count.',
} as const;

/** Money that may be negative. */
const signedMoney = {
  type: ['number', 'string'],
  maxLength: 40,
  description: 'In major units. A discount is negative, `other` may be either, the rest is not negative.',
} as const;
const unitPrice = {
  ...money,
  description:
    `In major units, with at most ${limits.maxUnitPriceDecimals} decimals. ` +
    'The price of the whole line has at most the decimals of the currency.',
} as const;
export const totalAmount = {
  ...money,
  description: 'The sum of lines and adjustments. It may be left out if all lines have a unit_price.',
} as const;

const lineId = { ...id, description: 'By default the number of the line, from 1.' } as const;
export const orderedItems = {
  type: 'array',
  minItems: 1,
  maxItems: limits.maxItems,
  items: body({ item_id: id, quantity, unit_price: unitPrice, line_id: lineId }, ['item_id', 'quantity']),
  description: 'The lines. An item may have several. A line_id is given for all of them or for none.',
} as const;
export const movedItems = {
  type: 'array',
  minItems: 1,
  maxItems: limits.maxItems,
  // quantity and at least one of the ids
  items: { ...body({ item_id: id, line_id: id, quantity }, ['quantity']), minProperties: 2 },
  description: 'Units of a line by its line_id, or of all lines of an item in their order by its item_id.',
} as const;

export const adjustments = {
  type: 'array',
  maxItems: limits.maxAdjustments,
  items: body(
    {
      type: { type: 'string', enum: adjustmentTypes, description: 'The kind of the adjustment.' },
      amount: signedMoney,
      description: { type: 'string', minLength: 1, maxLength: limits.maxReferenceLength },
    },
    ['type', 'amount'],
  ),
  description: 'Money that belongs to no unit.',
} as const;

export const itemIds = {
  type: 'array',
  minItems: 1,
  maxItems: limits.maxItemIds,
  items: id,
  description: 'Each occurrence of an id is a quantity of one.',
} as const;

export const metadata = {
  type: 'object',
  maxProperties: limits.maxMetadataPairs,
  propertyNames: { minLength: 1, maxLength: limits.maxMetadataKeyLength },
  additionalProperties: { type: 'string', maxLength: limits.maxMetadataValueLength },
} as const;

/** An object without unknown properties. All properties are optional except the required ones. */
export function body<
  const Properties extends Readonly<Record<string, object>>,
  const Required extends keyof Properties & string = never,
>(properties: Properties, required: readonly Required[] = []) {
  return { type: 'object', additionalProperties: false, required, properties } as const;
}
