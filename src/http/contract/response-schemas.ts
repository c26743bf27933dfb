import { scopes } from '../../access/scopes.js';
import { orderProofSchema } from '../../audit/order-proof.js';
import { signedCheckpointSchema } from '../../audit/signed-checkpoint.js';
import { publicJwkSchema } from '../../audit/signing-key.js';
import { count, type FromSchema, list, nullable, object, record, text, time, uuid } from '../../json-schema.js';
import { changeSchema } from '../../orders/change-document.js';
import { commandNames } from '../../orders/commands.js';
import { orderSchema, storedCurrencySchema } from '../../orders/order-document.js';
import { changesBetweenVersionsSchema } from '../../queries/history/diff-order.js';
import { historyEventSchema, orderHistorySchema } from '../../queries/history/get-order-history.js';
import { lookupPageSchema } from '../../queries/lists/look-up.js';
import { orderPageSchema } from '../../queries/lists/order-page.js';
import { metricsSchema } from '../../queries/metrics-document.js';
import { projectionsSchema, rebuildSchema } from '../../queries/projections-document.js';
import { deadLetterSchema, webhookSchema, webhookWithSecretSchema } from '../../webhooks/webhook-store.js';
import { lineProblemSchema, problemSchema, problemTypeDescription } from './problem-schemas.js';
import { operatorSchemas } from './schemas/operator-schemas.js';

/**
 * The JSON schemas (2020-12) of responses, by their names in the OpenAPI document. The schema of an
 * order, a history or a webhook is beside the code that makes one. Schemas contain each other as
 * values; the document has a reference where one of these is part of another.
 */
export const responseSchemas = {
  Currency: storedCurrencySchema,
  Order: orderSchema,
  OrderPage: orderPageSchema,
  LookupPage: lookupPageSchema,
  OrderCommands: object({
    order_id: uuid,
    version: { ...count, description: 'The version of the order for which the list holds.' },
    allowed_commands: list({ enum: commandNames }),
  }),
  Change: changeSchema,
  HistoryEvent: historyEventSchema,
  OrderHistory: orderHistorySchema,
  ChangesBetweenVersions: changesBetweenVersionsSchema,
  OrderProof: orderProofSchema,
  History: { anyOf: [orderHistorySchema, changesBetweenVersionsSchema, orderProofSchema] },
  Metrics: metricsSchema,
  Projections: projectionsSchema,
  Rebuild: rebuildSchema,
  RebuildRequested: object({
    name: text,
    requested: { type: 'boolean', description: 'false: a rebuild was already in progress.' },
    rebuild: { anyOf: [rebuildSchema, { type: 'null' }] },
  }),
  SignedCheckpoint: signedCheckpointSchema,
  JsonWebKeySet: object({ keys: list(publicJwkSchema) }),
  BatchLine: {
    anyOf: [
      object(
        {
          line: count,
          status: { enum: [200, 201] },
          order_id: uuid,
          version: { ...count, description: 'The version of the order: the number of the event of the command.' },
          replayed: { const: true },
        },
        ['replayed'],
      ),
      object({ line: count, status: { type: 'integer', minimum: 400 }, order_id: uuid, problem: lineProblemSchema }, [
        'order_id',
      ]),
    ],
  },
  StreamTicket: object({
    ticket: text,
    expires_at: { ...time, description: 'When it stops working, if it is not used before.' },
  }),
  Webhook: webhookSchema,
  Webhooks: object({ webhooks: list(webhookSchema) }),
  WebhookWithSecret: webhookWithSecretSchema,
  DeadLetters: object({
    dead_letters: list(deadLetterSchema),
    next_after: {
      ...nullable(text),
      description: 'The value of the parameter `after` for the next page; null on the last page.',
    },
  }),
  DeadLettersReplayed: object({ replayed: count }),
  WebhookTested: object({
    accepted: { type: 'boolean', description: 'Whether the receiver responded with a status 2xx.' },
    error: { ...nullable(text), description: 'Why the message was not accepted.' },
    duration_ms: count,
  }),
  ...operatorSchemas,
  Access: object({
    required: { type: 'boolean', description: 'Whether each request needs an API key or a token.' },
    oidc: {
      anyOf: [object({ issuer: text, client_id: text, scope: text, audience: nullable(text) }), { type: 'null' }],
      description: 'The issuer at which people can sign in with OpenID Connect; null if there is none.',
    },
  }),
  Caller: object({
    subject: { ...text, description: 'The actor in the events of this caller.' },
    scopes: list({ enum: scopes }),
    credential: { enum: ['api-key', 'token', 'none'] },
    expires_at: { ...nullable(time), description: 'When the token ends.' },
  }),
  Live: object({ status: { const: 'live' } }),
  Health: object({
    status: { enum: ['ready', 'degraded', 'not-ready'] },
    /** The state of each dependency, by its name. */
    checks: record(text),
  }),
  ServiceHealth: object({
    status: { enum: ['ok', 'broken'] },
    /** The state of each part, by its name. */
    checks: record(text),
  }),
  ServiceDescription: object({ service: text, documentation: text, openapi: text, endpoints: list(text) }),
  OpenApiDocument: {
    type: 'object',
    required: ['openapi', 'info', 'paths'],
    properties: { openapi: text, info: record({}), paths: record({}) },
  },
  ProblemTypes: list(object({ type: { ...text, description: problemTypeDescription }, status: count, title: text })),
  LineProblem: lineProblemSchema,
  Problem: problemSchema,
} as const;

export type ResponseSchema = keyof typeof responseSchemas;

/** The body of a response, by the name of its schema. */
export type ResponseBody<Name extends ResponseSchema> = FromSchema<(typeof responseSchemas)[Name]>;
