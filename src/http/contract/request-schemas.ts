import type { FromSchema } from '../../json-schema.js';
import type { CommandName } from '../../orders/commands.js';
import { orderLimits as limits } from '../../orders/limits.js';
import { orderStatuses, paymentStatuses } from '../../orders/order.js';
import { currencySchema } from '../../orders/order-document.js';
import { orderEventTypes } from '../../orders/upcast.js';
import { uuidPattern } from '../../orders/values/uuid.js';
import { intervals } from '../../queries/intervals.js';
import { queryLimits } from '../../queries/limits.js';

/**
 * The JSON schemas (2020-12) of requests: they validate each request, their types follow from them,
 * and the OpenAPI document shows them.
 */

// Ids become part of keys and of log lines: a control character in one is a mistake or an attack.
const printable = '^[^\\u0000-\\u001f\\u007f]*$';

const id = { type: 'string', minLength: 1, maxLength: limits.maxIdLength, pattern: printable } as const;
const uuid = { type: 'string', pattern: uuidPattern } as const;
const quantity = { type: 'integer', minimum: 1, maximum: limits.maxQuantity } as const;
const eventPosition = { type: 'string', pattern: '^\\d{1,4}:\\d{1,15}$' } as const;
const reason = { type: 'string', minLength: 1, maxLength: limits.maxReasonLength } as const;
const reference = { type: 'string', minLength: 1, maxLength: limits.maxReferenceLength, pattern: printable } as const;

/**
 * Major units: a number, or a decimal string. The currency limits the number of decimals that are
 * not zeros at the end.
 */
const money = {
  type: ['number', 'string'],
  minimum: 0,
  maxLength: 40,
  description:
    'In major units, such as 59.98 or "59.98", with at most the decimals of the currency. Zeros at the end do not count.',
} as const;

function items<const Properties extends Readonly<Record<'item_id' | 'quantity', object>>>(properties: Properties) {
  return {
    type: 'array',
    minItems: 1,
    maxItems: limits.maxItems,
    items: body(properties, ['item_id', 'quantity']),
  } as const;
}
const orderedItems = items({ item_id: id, quantity, unit_price: money });
const movedItems = items({ item_id: id, quantity });

const itemIds = {
  type: 'array',
  minItems: 1,
  maxItems: limits.maxItemIds,
  items: id,
  description: 'Each occurrence of an id is a quantity of one.',
} as const;

const metadata = {
  type: 'object',
  maxProperties: limits.maxMetadataPairs,
  propertyNames: { minLength: 1, maxLength: limits.maxMetadataKeyLength },
  additionalProperties: { type: 'string', maxLength: limits.maxMetadataValueLength },
} as const;

/** An object without unknown properties. All properties are optional except the required ones. */
function body<
  const Properties extends Readonly<Record<string, object>>,
  const Required extends keyof Properties & string = never,
>(properties: Properties, required: readonly Required[] = []) {
  return { type: 'object', additionalProperties: false, required, properties } as const;
}

/** The body of each command. `place` and `amend` take either `items` or `item_ids`. */
export const commandSchemas = {
  place: {
    ...body(
      {
        user_id: id,
        item_ids: itemIds,
        items: orderedItems,
        total_amount: money,
        order_id: uuid,
        currency: currencySchema,
        metadata,
        occurred_at: { type: 'string', format: 'rfc3339' },
      },
      ['user_id', 'total_amount'],
    ),
    oneOf: [{ required: ['items'] }, { required: ['item_ids'] }],
  },
  amend: {
    ...body({ item_ids: itemIds, items: orderedItems, total_amount: money, reason }, ['total_amount', 'reason']),
    oneOf: [{ required: ['items'] }, { required: ['item_ids'] }],
  },
  pay: body({ amount: money, payment_reference: reference }),
  process: body({}),
  ship: body({ items: movedItems, carrier: reference, tracking_number: reference }),
  deliver: body({}),
  cancel: body({ reason }, ['reason']),
  refund: body({ amount: money, reason }, ['reason']),
  return: body({ items: movedItems, reason }, ['reason']),
  hold: body({ reason }, ['reason']),
  release: body({ reason }, ['reason']),
  note: body({ text: { type: 'string', minLength: 1, maxLength: limits.maxNoteLength } }, ['text']),
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

/** All request bodies, by name. */
export const bodySchemas = {
  ...commandSchemas,
  webhook: body(
    {
      url: { type: 'string', minLength: 8, maxLength: 2_000, pattern: '^https?://' },
      event_types: {
        type: 'array',
        minItems: 1,
        uniqueItems: true,
        items: { type: 'string', enum: orderEventTypes },
        description: 'Without it, events of all types are delivered.',
      },
    },
    ['url'],
  ),
  webhookState: body({ state: { type: 'string', enum: ['active', 'paused'] } }, ['state']),
  replayDeadLetters: body({ event: eventPosition }),
} as const;

const ticket = {
  type: 'string',
  maxLength: 100,
  description: 'A ticket of POST /streams/tickets, in place of the Authorization header.',
} as const;
const cursor = { type: 'string', maxLength: 300 } as const;
const time = { type: 'string', format: 'rfc3339' } as const;

/** The query parameters of operations, by name. */
export const querySchemas = {
  order: {
    ...body({ version: { type: 'integer', minimum: 1, maximum: limits.maxEventsPerOrder }, at: time }),
    not: { required: ['version', 'at'] },
  },
  orders: body({
    user_id: id,
    status: { type: 'string', enum: orderStatuses },
    payment_status: { type: 'string', enum: paymentStatuses },
    placed_from: time,
    placed_to: time,
    limit: { type: 'integer', minimum: 1, maximum: queryLimits.maxPageSize },
    cursor,
  }),
  history: {
    ...body({
      diff: { type: 'boolean', description: 'Show the changes of each event, field by field.' },
      from: { type: 'integer', minimum: 0, maximum: limits.maxEventsPerOrder },
      to: { type: 'integer', minimum: 0, maximum: limits.maxEventsPerOrder },
      after: {
        type: 'integer',
        minimum: 0,
        maximum: limits.maxEventsPerOrder,
        description: 'Show the events after this version: `next_after` of the page before.',
      },
      limit: {
        type: 'integer',
        minimum: 1,
        maximum: limits.maxEventsPerOrder,
        description: 'Show this many events at most. A page of large events may have fewer.',
      },
      proof: {
        type: 'boolean',
        description: 'Show the events as they were hashed, with a proof that they are in the log.',
      },
    }),
    dependentRequired: { from: ['to', 'diff'], to: ['from', 'diff'] },
  },
  checkpoint: body({}),
  jwks: body({}),
  metrics: body({
    currency: currencySchema,
    from: { type: 'string', format: 'rfc3339-hour' },
    to: { type: 'string', format: 'rfc3339-hour' },
    interval: { type: 'string', enum: intervals },
  }),
  projections: body({ ticket }),
  stream: body({
    order_id: uuid,
    user_id: id,
    ticket,
    last_event_id: {
      type: 'string',
      maxLength: 20_000,
      description: 'The same as the header Last-Event-ID, for a new EventSource.',
    },
  }),
  webhooks: body({}),
  deadLetters: body({
    after: eventPosition,
    limit: { type: 'integer', minimum: 1, maximum: queryLimits.maxPageSize },
  }),
} as const;

/** Path parameters. */
export const parameterSchemas = {
  order_id: uuid,
  webhook_id: uuid,
  name: { type: 'string', description: 'The name of a projection, as in GET /projections.' },
  problem: { type: 'string', description: 'The part of a problem’s type after /problems/.' },
  file: { type: 'string' },
} as const;

export type BodyName = keyof typeof bodySchemas;
export type QueryName = keyof typeof querySchemas;

/** A valid body, by its name. */
export type RequestBody<Name extends BodyName> = FromSchema<(typeof bodySchemas)[Name]>;

/** Valid query parameters, by name: numbers and booleans were converted from text. */
export type QueryParameters<Name extends QueryName> = FromSchema<(typeof querySchemas)[Name]>;
