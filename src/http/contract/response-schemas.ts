import { scopes } from '../../access/scopes.js';
import { orderStatuses, paymentStatuses } from '../../orders/order.js';
import { currencyCodes } from '../../orders/values/currency.js';
import { problemTypes } from './problem-types.js';

/** JSON schemas (2020-12) of what the API answers, by name: the components of the OpenAPI document. */

const text = { type: 'string' } as const;
const count = { type: 'integer', minimum: 0 } as const;
const time = { type: 'string', format: 'date-time' } as const;
const uuid = { type: 'string', format: 'uuid' } as const;
const hash = { type: 'string', pattern: '^[0-9a-f]{64}$', description: 'SHA-256, hex.' } as const;
const amount = { type: 'number', description: 'In major units, exact.' } as const;
const nullable = (schema: { readonly type: string }) => ({ ...schema, type: [schema.type, 'null'] });
const list = (items: object) => ({ type: 'array', items }) as const;
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` }) as const;

/** An object of which every property is there but the optional ones, and no other. */
function object(properties: Readonly<Record<string, object>>, optional: readonly string[] = []) {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', additionalProperties: false, properties, required } as const;
}

const stop = {
  position: count,
  order_id: nullable(uuid),
  type: nullable(text),
  error: text,
  at: time,
};
const revenue = object({ gross: amount, cancelled: amount, refunded: amount, net: amount, paid: amount });
const duration = object({
  count,
  mean: nullable({ type: 'number' }),
  p50: nullable({ type: 'number' }),
  p90: nullable({ type: 'number' }),
  p99: nullable({ type: 'number' }),
});
const change = object({ pointer: text, before: { description: 'Absent where there was no such field.' }, after: {} }, [
  'before',
  'after',
]);
const eventProperties = {
  version: { type: 'integer', minimum: 1 },
  type: text,
  data: { type: 'object', description: 'As it is in the log: amounts in minor units.' },
  actor: text,
  occurred_at: time,
  recorded_at: time,
} as const;
const webhookProperties = {
  webhook_id: uuid,
  url: text,
  event_types: { ...nullable({ type: 'array' }), items: text, description: 'null: every type.' },
  state: { enum: ['active', 'paused', 'gone'], description: 'gone: the receiver answered 410.' },
  created_at: time,
  created_by: text,
  pending: { ...count, description: 'Events that are to be delivered, those that are tried again included.' },
  dead_letters: count,
  lag: { ...count, description: 'Events of the log that were not looked at yet.' },
};

export const responseSchemas = {
  Currency: { type: 'string', enum: currencyCodes, description: 'An ISO 4217 code.' },
  Order: object({
    order_id: uuid,
    user_id: text,
    status: { enum: orderStatuses },
    payment_status: { enum: paymentStatuses },
    on_hold: { type: 'boolean' },
    items: list(
      object({ item_id: text, quantity: count, unit_price: amount, shipped: count, returned: count }, ['unit_price']),
    ),
    item_ids: list(text),
    total_amount: amount,
    currency: ref('Currency'),
    paid_amount: amount,
    refunded_amount: amount,
    metadata: { type: 'object', additionalProperties: text },
    placed_at: time,
    updated_at: time,
    version: { type: 'integer', minimum: 1 },
  }),
  OrderPage: object({ orders: list(ref('Order')), next_cursor: nullable(text) }),
  Change: object(
    {
      order_id: uuid,
      ...eventProperties,
      position: { type: 'string', pattern: '^\\d+:\\d+$', description: 'An Event-Position: partition:position.' },
    },
    [],
  ),
  HistoryEvent: object(
    {
      ...eventProperties,
      position: count,
      hash,
      request_id: text,
      correlation_id: text,
      causation_id: text,
      idempotency_key: text,
      changes: list(change),
    },
    ['request_id', 'correlation_id', 'causation_id', 'idempotency_key', 'changes'],
  ),
  OrderHistory: object({ order_id: uuid, partition: count, events: list(ref('HistoryEvent')) }),
  ChangesBetweenVersions: object({ order_id: uuid, from_version: count, to_version: count, changes: list(change) }),
  OrderProof: object({
    order_id: uuid,
    partition: count,
    partitions: count,
    events: list(
      object({
        position: count,
        version: count,
        type: text,
        occurred_at: time,
        recorded_at: time,
        data: { type: 'string', description: 'JSON text, byte by byte as it is hashed.' },
        metadata: text,
        previous_hash: hash,
        hash,
        path: list(hash),
      }),
    ),
    checkpoint: ref('SignedCheckpoint'),
  }),
  History: { anyOf: [ref('OrderHistory'), ref('ChangesBetweenVersions'), ref('OrderProof')] },
  Metrics: object(
    {
      currency: ref('Currency'),
      other_currencies: list(ref('Currency')),
      total_orders: count,
      by_status: { type: 'object', propertyNames: { enum: orderStatuses }, additionalProperties: count },
      units: count,
      revenue,
      average_order_value: nullable({ type: 'number' }),
      processing_time: object({ placed_to_shipped: duration, placed_to_delivered: duration }),
      series: list(object({ start: time, orders: count, cancelled_orders: count, units: count, revenue })),
    },
    ['series'],
  ),
  Projections: object({
    projections: list(
      object({
        name: text,
        version: count,
        generation: count,
        lag: count,
        state: { enum: ['live', 'stopped'] },
        rebuild: { anyOf: [ref('Rebuild'), { type: 'null' }] },
        partitions: list(
          object(
            {
              partition: count,
              checkpoint: count,
              head: count,
              lag: count,
              owner: nullable(text),
              reported_at: nullable(time),
              stopped: object(stop),
            },
            ['stopped'],
          ),
        ),
      }),
    ),
  }),
  Rebuild: object(
    {
      generation: count,
      version: count,
      state: { enum: ['building', 'stopped'] },
      requested_by: text,
      requested_at: time,
      events_done: count,
      events_total: count,
      lag: count,
      events_per_second: nullable(count),
      seconds_left: nullable(count),
      stopped: list(object({ partition: count, ...stop })),
    },
    ['stopped'],
  ),
  RebuildRequested: object({
    name: text,
    requested: { type: 'boolean', description: 'false: one was under way already.' },
    rebuild: { anyOf: [ref('Rebuild'), { type: 'null' }] },
  }),
  SignedCheckpoint: object({
    checkpoint: object({
      log_id: uuid,
      created_at: time,
      partitions: list(object({ partition: count, position: count, hash, root: hash })),
    }),
    jws: { type: 'string', description: 'JWS, compact; EdDSA with Ed25519 over the checkpoint’s JSON.' },
  }),
  JsonWebKeySet: object({
    keys: list({ type: 'object', required: ['kty', 'kid'], properties: { kty: text, kid: text } }),
  }),
  BatchLine: {
    anyOf: [
      object({ line: count, status: { enum: [200, 201] }, order_id: uuid, version: count, replayed: { const: true } }, [
        'replayed',
      ]),
      object({ line: count, status: { type: 'integer', minimum: 400 }, order_id: uuid, problem: ref('LineProblem') }, [
        'order_id',
      ]),
    ],
  },
  Webhook: object(webhookProperties),
  Webhooks: object({ webhooks: list(ref('Webhook')) }),
  WebhookWithSecret: object({
    ...webhookProperties,
    secret: { type: 'string', pattern: '^whsec_', description: 'Shown here and nowhere else.' },
  }),
  DeadLetters: object({
    dead_letters: list(
      object({
        event: { type: 'string', description: 'partition:position' },
        order_id: uuid,
        type: text,
        attempts: count,
        first_attempt_at: time,
        last_attempt_at: time,
        last_error: text,
      }),
    ),
    next_after: { ...nullable(text), description: 'For the query parameter after, where there are more.' },
  }),
  DeadLettersReplayed: object({ replayed: count }),
  Live: object({ status: { const: 'live' } }),
  Health: object({
    status: { enum: ['ready', 'degraded', 'not-ready'] },
    checks: { type: 'object', additionalProperties: text },
  }),
  ServiceDescription: object({ service: text, documentation: text, openapi: text, endpoints: list(text) }),
  OpenApiDocument: {
    type: 'object',
    required: ['openapi', 'info', 'paths'],
    properties: { openapi: text, info: { type: 'object' }, paths: { type: 'object' } },
  },
  ProblemTypes: list(object({ type: text, status: count, title: text })),
  LineProblem: {
    type: 'object',
    description: 'A problem (RFC 9457), without what only a request of its own would have.',
    required: ['type', 'title', 'status', 'detail'],
    properties: {
      type: { enum: Object.keys(problemTypes).map((name) => `/problems/${name}`) },
      title: text,
      status: { type: 'integer', minimum: 400, maximum: 599 },
      detail: text,
      errors: list(object({ pointer: text, message: text })),
      current_status: { enum: orderStatuses },
      current_version: count,
      on_hold: { type: 'boolean' },
      allowed_commands: list(text),
      required_scopes: list({ enum: scopes }),
    },
  },
  Problem: {
    description: 'A problem, as RFC 9457 has it.',
    allOf: [
      ref('LineProblem'),
      { type: 'object', required: ['instance', 'request_id'], properties: { instance: text, request_id: text } },
    ],
  },
} as const;

export type ResponseSchema = keyof typeof responseSchemas;
