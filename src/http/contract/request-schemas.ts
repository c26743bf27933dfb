import { scopes } from '../../access/scopes.js';
import type { FromSchema } from '../../json-schema.js';
import { orderLimits as limits } from '../../orders/limits.js';
import { currencySchema } from '../../orders/order-document.js';
import { orderStatuses, paymentStatuses } from '../../orders/totals.js';
import { orderEventTypes } from '../../orders/upcast.js';
import { intervals } from '../../queries/intervals.js';
import { queryLimits } from '../../queries/limits.js';
import { commandSchemas, orderReference } from './schemas/command-schemas.js';
import { body, eventPosition, id, printable, reason, uuid } from './schemas/request-fields.js';

/**
 * The JSON schemas (2020-12) of requests: they validate each request, their types follow from them,
 * and the OpenAPI document shows them.
 */

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
  webhookState: body(
    {
      state: {
        type: 'string',
        enum: ['active', 'paused'],
        description: 'paused: nothing is sent. active: deliveries continue where they were, so that no event is lost.',
      },
    },
    ['state'],
  ),
  replayDeadLetters: body({
    event: { ...eventPosition, description: 'The Event-Position of the event. Absent: all dead letters.' },
  }),
  skipEvent: body(
    {
      partition: { type: 'integer', minimum: 0, maximum: 1_023 },
      position: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
      reason: { ...reason, description: 'The log records it for the audit trail.' },
    },
    ['partition', 'position', 'reason'],
  ),
  verification: body({
    against: {
      type: 'string',
      minLength: 1,
      maxLength: 500_000,
      description: 'The JWS of a signed checkpoint that the log must still hold: `jws` of GET /audit/checkpoint.',
    },
  }),
  createKey: body(
    {
      name: { ...id, description: 'The owner or the use of the key.' },
      subject: { ...id, description: 'The actor in its events. By default key: and the id of the key.' },
      scopes: { type: 'array', minItems: 1, uniqueItems: true, items: { type: 'string', enum: scopes } },
      expires_at: { type: 'string', format: 'rfc3339', description: 'When the key stops working. By default never.' },
    },
    ['name', 'scopes'],
  ),
} as const;

/** The erasure of a person is recorded beyond the limit of events. */
const maxVersion = limits.maxEventsPerOrder + 1;

const ticket = {
  type: 'string',
  maxLength: 100,
  description: 'A ticket of POST /streams/tickets, in place of the Authorization header.',
} as const;
/** A cursor of changes holds a position per partition. */
const cursor = { type: 'string', maxLength: 20_000 } as const;
const limit = { type: 'integer', minimum: 1, maximum: queryLimits.maxPageSize } as const;
/** Several values: the parameter is repeated, or separates them by commas. */
const anyOfThese = <const Value extends string>(values: readonly Value[]) =>
  ({ type: 'array', minItems: 1, maxItems: 50, items: { type: 'string', enum: values } }) as const;
const time = { type: 'string', format: 'rfc3339' } as const;

const figureTime = { type: 'string', format: 'rfc3339-quarter' } as const;
const figureTimes = 'A time on a quarter of an hour, or a date in the time zone.';

/** The query parameters of operations, by name. */
export const querySchemas = {
  order: {
    ...body({
      version: { type: 'integer', minimum: 1, maximum: maxVersion, description: 'The version to show.' },
      at: { ...time, description: 'Show the order as it was at this time.' },
    }),
    not: { required: ['version', 'at'] },
  },
  orderCommands: body({}),
  orders: body({
    user_id: id,
    reference: { ...orderReference, description: 'The shop’s own number of the order.' },
    status: { ...anyOfThese(orderStatuses), description: 'One of these.' },
    payment_status: { ...anyOfThese(paymentStatuses), description: 'One of these.' },
    currency: currencySchema,
    on_hold: { type: 'boolean' },
    placed_from: time,
    placed_to: time,
    sort: {
      type: 'string',
      enum: ['placed', 'updated'],
      description:
        '`placed` (default): newest order first. `updated`: oldest change first, for synchronisation; needs orders:read.',
    },
    updated_since: {
      ...time,
      description:
        'Only orders that changed last at or after this time. Implies sort=updated. Chooses the start: the ' +
        'requests that follow need `sort=updated` and the cursor alone.',
    },
    limit,
    cursor,
  }),
  lookup: body(
    {
      q: {
        type: 'string',
        minLength: 1,
        maxLength: limits.maxIdLength,
        pattern: printable,
        description: 'An order id, a reference, a payment reference, a tracking number or a user id, exactly.',
      },
      limit,
      cursor,
    },
    ['q'],
  ),
  history: {
    ...body({
      diff: { type: 'boolean', description: 'Show the changes of each event, field by field.' },
      from: { type: 'integer', minimum: 0, maximum: maxVersion, description: 'The version to compare from.' },
      to: { type: 'integer', minimum: 0, maximum: maxVersion, description: 'The version to compare to.' },
      after: {
        type: 'integer',
        minimum: 0,
        maximum: maxVersion,
        description: 'Show the events after this version: `next_after` of the page before.',
      },
      limit: {
        type: 'integer',
        minimum: 1,
        maximum: maxVersion,
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
    from: { ...figureTime, description: `The start of the range. ${figureTimes}` },
    to: { ...figureTime, description: `The end of the range, which is not in it. ${figureTimes}` },
    interval: { type: 'string', enum: intervals },
    by: {
      type: 'string',
      enum: ['placed', 'event'],
      description: '`placed` (default): all amounts count when the order was placed. `event`: each when it happened.',
    },
    time_zone: {
      type: 'string',
      format: 'time-zone',
      maxLength: 100,
      description: 'The IANA time zone of `interval` and of dates; by default that of the service.',
    },
  }),
  log: {
    ...body({
      partition: { type: 'integer', minimum: 0, maximum: 1_023 },
      order_id: uuid,
      after: {
        type: 'integer',
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        description: 'Begin after this position, or with `order_id` after this version.',
      },
      at: { ...time, description: 'Begin with the events that were recorded after this time.' },
      limit,
    }),
    oneOf: [{ required: ['partition'] }, { required: ['order_id'] }],
    allOf: [{ not: { required: ['at', 'after'] } }, { not: { required: ['at', 'order_id'] } }],
  },
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
    after: {
      ...eventPosition,
      description: 'Begin after the event at this position: `next_after` of the page before.',
    },
    limit: { type: 'integer', minimum: 1, maximum: queryLimits.maxPageSize },
  }),
} as const;

/** Path parameters. */
export const parameterSchemas = {
  order_id: uuid,
  webhook_id: uuid,
  run_id: uuid,
  key_id: { type: 'string', pattern: '^[0-9a-z]{12}$', description: 'The id of an API key.' },
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
