import type { Scope } from '../access/scopes.js';
import { type CommandName, commandNames } from '../orders/commands.js';
import type { AnswerSchema } from './answer-schemas.js';
import type { ProblemName } from './problems.js';
import type { bodySchemas, parameterSchemas, querySchemas } from './schemas.js';

/** A header that an operation takes or gives; what each means is in openapi.ts. */
export type RequestHeader =
  | 'Idempotency-Key'
  | 'If-Match'
  | 'Prefer'
  | 'Min-Event-Position'
  | 'If-None-Match'
  | 'Last-Event-ID';
export type AnswerHeader =
  | 'ETag'
  | 'Event-Position'
  | 'Idempotency-Replayed'
  | 'Preference-Applied'
  | 'Location'
  | 'Content-Disposition';

/** What is answered with a status: by media type, what its body is. */
export interface OperationAnswer {
  readonly description: string;
  readonly content?: Readonly<Record<string, AnswerSchema | 'text'>>;
  readonly headers?: readonly AnswerHeader[];
}

/** One method of one path: who may call it, what it takes, and what it answers. */
export interface Operation {
  readonly method: 'get' | 'post' | 'delete';
  /** With {parameters} in braces. */
  readonly path: string;
  readonly tag: 'Commands' | 'Queries' | 'Webhooks' | 'Operations' | 'Audit' | 'About';
  readonly summary: string;
  readonly description?: string;
  /** Any one of these scopes lets in; `public` lets everybody in, whether access control is configured or not. */
  readonly access: 'public' | readonly [Scope, ...Scope[]];
  /** Probes and scrapers are not counted by the rate limit. */
  readonly unlimited?: true;
  readonly parameters?: readonly (keyof typeof parameterSchemas)[];
  readonly query?: keyof typeof querySchemas;
  readonly headers?: readonly RequestHeader[];
  readonly body?: keyof typeof bodySchemas | 'batch';
  readonly answers: Readonly<Record<number, OperationAnswer>>;
  readonly problems?: readonly ProblemName[];
}

const json = (schema: AnswerSchema) => ({ 'application/json': schema });

const commandTexts: Readonly<Record<CommandName, string>> = {
  place: 'Place an order',
  amend: 'Change the items and the total of a pending order',
  pay: 'Record a payment, by default of what is due',
  process: 'Begin to process the order',
  ship: 'Ship items, by default all that are left',
  deliver: 'The shipped order has arrived',
  cancel: 'Cancel an order of which nothing has shipped',
  refund: 'Refund an amount, by default all that is left',
  return: 'Take items back, by default all that were shipped',
  hold: 'Put the order on hold: it is neither processed nor shipped',
  release: 'End the hold',
  note: 'Add a note',
};

/** The problems that a command's own rules lead to, beside those of every command. */
const commandProblems: Readonly<Record<CommandName, readonly ProblemName[]>> = {
  place: ['order-exists', 'insufficient-scope'],
  amend: ['invalid-transition', 'amended-below-paid'],
  pay: ['invalid-transition', 'exceeds-amount-due'],
  process: ['invalid-transition', 'order-on-hold'],
  ship: ['invalid-transition', 'order-on-hold', 'exceeds-ordered-quantity'],
  deliver: ['invalid-transition'],
  cancel: ['invalid-transition'],
  refund: ['invalid-transition', 'exceeds-refundable-amount'],
  return: ['invalid-transition', 'exceeds-shipped-quantity'],
  hold: ['invalid-transition'],
  release: ['invalid-transition'],
  note: [],
};

const everyCommand: readonly ProblemName[] = [
  'malformed-json',
  'invalid-header',
  'malformed-request',
  'request-timeout',
  'body-too-large',
  'unsupported-media-type',
  'validation',
  'idempotency-key-reused',
  'version-mismatch',
  'order-history-full',
  'person-erased',
  'overloaded',
  'contended',
  'event-log-unavailable',
];
const everyQuery: readonly ProblemName[] = [
  'invalid-header',
  'validation',
  'not-acceptable',
  'read-models-unavailable',
  'position-not-reached',
];

function commandOperation(name: CommandName): Operation {
  const isPlace = name === 'place';
  return {
    method: 'post',
    path: isPlace ? '/orders' : `/orders/{order_id}/${name}`,
    tag: 'Commands',
    summary: commandTexts[name],
    access: ['orders:write'],
    ...(isPlace ? {} : { parameters: ['order_id'] as const }),
    headers: ['Idempotency-Key', 'If-Match', 'Prefer'],
    body: name,
    answers: {
      [isPlace ? 201 : 200]: {
        description: isPlace ? 'The order as it was placed' : 'The order as it now is',
        content: json('Order'),
        headers: [
          'ETag',
          'Event-Position',
          'Idempotency-Replayed',
          'Preference-Applied',
          ...(isPlace ? (['Location'] as const) : []),
        ],
      },
    },
    problems: [...everyCommand, ...(isPlace ? [] : (['order-not-found'] as const)), ...commandProblems[name]],
  };
}

type CommandOperationId = CommandName extends infer Name extends string
  ? Name extends CommandName
    ? `${Name}Order`
    : never
  : never;
const commandOperations = Object.fromEntries(
  commandNames.map((name) => [`${name}Order`, commandOperation(name)]),
) as Record<CommandOperationId, Operation>;

const webhookProblems: readonly ProblemName[] = ['validation', 'webhook-not-found', 'event-log-unavailable'];
const bodyProblems: readonly ProblemName[] = [
  'malformed-json',
  'malformed-request',
  'request-timeout',
  'body-too-large',
  'unsupported-media-type',
];

/**
 * Everything that the API offers: the one table that says who may call what. Routes are made from it, access is checked by it, and
 * the OpenAPI document is written from it, so that no endpoint can be without any of the three.
 */
export const operations = {
  runBatch: {
    method: 'post',
    path: '/orders/batch',
    tag: 'Commands',
    summary: 'Many commands, a line each, streamed both ways',
    description:
      'A line is `{"command": "place", …}` or `{"command": "ship", "order_id": …, …}` with the fields of the command’s body beside it, ' +
      'optionally `idempotency_key`. The answer has a line for each, in the same order. A bad line fails alone; lines of one order are applied in order.',
    access: ['orders:write'],
    headers: ['Prefer'],
    body: 'batch',
    answers: {
      200: {
        description: 'A line for each line, in the same order',
        content: { 'application/x-ndjson': 'BatchLine' },
        headers: ['Preference-Applied'],
      },
    },
    problems: ['unsupported-media-type', 'validation'],
  },
  ...commandOperations,
  listOrders: {
    method: 'get',
    path: '/orders',
    tag: 'Queries',
    summary: 'Orders, newest first',
    access: ['orders:read', 'orders:read:own'],
    query: 'orders',
    headers: ['Min-Event-Position', 'If-None-Match'],
    answers: {
      200: { description: 'A page of orders', content: json('OrderPage'), headers: ['ETag'] },
      304: { description: 'The caller has this answer already' },
    },
    problems: [...everyQuery, 'invalid-cursor'],
  },
  getMetrics: {
    method: 'get',
    path: '/orders/metrics',
    tag: 'Queries',
    summary: 'The figures of one currency',
    access: ['metrics:read'],
    query: 'metrics',
    headers: ['Min-Event-Position', 'If-None-Match'],
    answers: {
      200: { description: 'The figures', content: json('Metrics'), headers: ['ETag'] },
      304: { description: 'The caller has this answer already' },
    },
    problems: [...everyQuery, 'too-many-buckets'],
  },
  streamOrders: {
    method: 'get',
    path: '/orders/stream',
    tag: 'Queries',
    summary: 'Changes as they happen, as Server-Sent Events',
    description:
      'One message a change; its data is a Change. Begins with what happens from now on, or, with Last-Event-ID, right after that message: ' +
      'nothing is missed and nothing comes twice. A comment comes every 15 seconds.',
    access: ['orders:read', 'orders:read:own'],
    query: 'stream',
    headers: ['Last-Event-ID'],
    answers: { 200: { description: 'The changes', content: { 'text/event-stream': 'text' } } },
    problems: ['validation', 'invalid-header', 'not-acceptable', 'overloaded', 'read-models-unavailable'],
  },
  getOrder: {
    method: 'get',
    path: '/orders/{order_id}',
    tag: 'Queries',
    summary: 'An order, as it is or as it was',
    access: ['orders:read', 'orders:read:own'],
    parameters: ['order_id'],
    query: 'order',
    headers: ['Min-Event-Position', 'If-None-Match'],
    answers: {
      200: { description: 'The order', content: json('Order'), headers: ['ETag'] },
      304: { description: 'The caller has this answer already' },
    },
    problems: [...everyQuery, 'order-not-found', 'order-version-not-found'],
  },
  getOrderHistory: {
    method: 'get',
    path: '/orders/{order_id}/history',
    tag: 'Audit',
    summary: 'Who did what to an order, when and why',
    access: ['orders:read', 'orders:read:own', 'audit:read'],
    parameters: ['order_id'],
    query: 'history',
    headers: ['Min-Event-Position', 'If-None-Match'],
    answers: {
      200: {
        description: 'The history; with diff the changes, with proof the signed proof',
        content: { 'application/json': 'History', 'text/csv': 'text' },
        headers: ['ETag', 'Content-Disposition'],
      },
      304: { description: 'The caller has this answer already' },
    },
    problems: [...everyQuery, 'order-not-found', 'order-version-not-found', 'no-signing-key', 'event-log-unavailable'],
  },
  getCheckpoint: {
    method: 'get',
    path: '/audit/checkpoint',
    tag: 'Audit',
    summary: 'The log’s heads, hashes and Merkle roots, signed',
    access: ['audit:read'],
    query: 'checkpoint',
    headers: ['If-None-Match'],
    answers: {
      200: { description: 'The checkpoint', content: json('SignedCheckpoint'), headers: ['ETag'] },
      304: { description: 'The caller has this answer already' },
    },
    problems: ['validation', 'not-acceptable', 'no-signing-key', 'event-log-unavailable'],
  },
  getSigningKeys: {
    method: 'get',
    path: '/.well-known/jwks.json',
    tag: 'Audit',
    summary: 'The public keys that checkpoints are signed with (RFC 7517)',
    access: 'public',
    query: 'jwks',
    headers: ['If-None-Match'],
    answers: {
      200: { description: 'The keys', content: json('JsonWebKeySet'), headers: ['ETag'] },
      304: { description: 'The caller has this answer already' },
    },
    problems: ['validation', 'not-acceptable'],
  },
  getProjections: {
    method: 'get',
    path: '/projections',
    tag: 'Operations',
    summary: 'Where each projection stands, once or as Server-Sent Events',
    access: ['metrics:read', 'admin'],
    query: 'projections',
    headers: ['If-None-Match'],
    answers: {
      200: {
        description: 'The projections',
        content: { 'application/json': 'Projections', 'text/event-stream': 'text' },
        headers: ['ETag'],
      },
      304: { description: 'The caller has this answer already' },
    },
    problems: ['validation', 'not-acceptable', 'overloaded', 'read-models-unavailable'],
  },
  rebuildProjection: {
    method: 'post',
    path: '/projections/{name}/rebuild',
    tag: 'Operations',
    summary: 'Rebuild a read model from the log, beside the live one',
    access: ['admin'],
    parameters: ['name'],
    answers: {
      202: { description: 'The rebuild is under way', content: json('RebuildRequested'), headers: ['Location'] },
    },
    problems: ['validation', 'projection-not-found', 'read-models-unavailable'],
  },
  cancelRebuild: {
    method: 'delete',
    path: '/projections/{name}/rebuild',
    tag: 'Operations',
    summary: 'Cancel a rebuild; the live read model is as before',
    access: ['admin'],
    parameters: ['name'],
    answers: { 204: { description: 'The rebuild is cancelled' } },
    problems: ['validation', 'projection-not-found', 'rebuild-not-found', 'read-models-unavailable'],
  },
  createWebhook: {
    method: 'post',
    path: '/webhooks',
    tag: 'Webhooks',
    summary: 'Subscribe an address to events from now on',
    description: 'The secret is in this answer and nowhere else. Deliveries follow Standard Webhooks.',
    access: ['admin'],
    body: 'webhook',
    answers: { 201: { description: 'The subscription', content: json('WebhookWithSecret'), headers: ['Location'] } },
    problems: [...bodyProblems, 'validation', 'too-many-webhooks', 'event-log-unavailable'],
  },
  listWebhooks: {
    method: 'get',
    path: '/webhooks',
    tag: 'Webhooks',
    summary: 'All subscriptions, and how far each is',
    access: ['admin'],
    query: 'webhooks',
    headers: ['If-None-Match'],
    answers: {
      200: { description: 'The subscriptions', content: json('Webhooks'), headers: ['ETag'] },
      304: { description: 'The caller has this answer already' },
    },
    problems: ['validation', 'not-acceptable', 'event-log-unavailable'],
  },
  getWebhook: {
    method: 'get',
    path: '/webhooks/{webhook_id}',
    tag: 'Webhooks',
    summary: 'A subscription, and how far it is',
    access: ['admin'],
    parameters: ['webhook_id'],
    query: 'webhooks',
    headers: ['If-None-Match'],
    answers: {
      200: { description: 'The subscription', content: json('Webhook'), headers: ['ETag'] },
      304: { description: 'The caller has this answer already' },
    },
    problems: ['not-acceptable', ...webhookProblems],
  },
  deleteWebhook: {
    method: 'delete',
    path: '/webhooks/{webhook_id}',
    tag: 'Webhooks',
    summary: 'End a subscription; what it had not received is dropped',
    access: ['admin'],
    parameters: ['webhook_id'],
    answers: { 204: { description: 'The subscription is gone' } },
    problems: webhookProblems,
  },
  setWebhookState: {
    method: 'post',
    path: '/webhooks/{webhook_id}/state',
    tag: 'Webhooks',
    summary: 'Pause a subscription or let it go on; nothing is lost meanwhile',
    access: ['admin'],
    parameters: ['webhook_id'],
    body: 'webhookState',
    answers: { 200: { description: 'The subscription', content: json('Webhook') } },
    problems: [...bodyProblems, ...webhookProblems],
  },
  rotateWebhookSecret: {
    method: 'post',
    path: '/webhooks/{webhook_id}/rotate-secret',
    tag: 'Webhooks',
    summary: 'Give a subscription a new secret; the old one signs along for a day',
    access: ['admin'],
    parameters: ['webhook_id'],
    answers: { 200: { description: 'The subscription with its new secret', content: json('WebhookWithSecret') } },
    problems: webhookProblems,
  },
  listDeadLetters: {
    method: 'get',
    path: '/webhooks/{webhook_id}/dead-letters',
    tag: 'Webhooks',
    summary: 'What could not be delivered within a day, oldest first',
    access: ['admin'],
    parameters: ['webhook_id'],
    query: 'deadLetters',
    headers: ['If-None-Match'],
    answers: {
      200: { description: 'The dead letters', content: json('DeadLetters'), headers: ['ETag'] },
      304: { description: 'The caller has this answer already' },
    },
    problems: ['not-acceptable', ...webhookProblems],
  },
  replayDeadLetters: {
    method: 'post',
    path: '/webhooks/{webhook_id}/dead-letters/replay',
    tag: 'Webhooks',
    summary: 'Try dead letters again: one event’s, or all',
    access: ['admin'],
    parameters: ['webhook_id'],
    body: 'replayDeadLetters',
    answers: { 202: { description: 'How many are tried again', content: json('DeadLettersReplayed') } },
    problems: [...bodyProblems, ...webhookProblems],
  },
  getServiceMetrics: {
    method: 'get',
    path: '/metrics',
    tag: 'Operations',
    summary: 'This process’s figures, for Prometheus',
    unlimited: true,
    access: ['metrics:read', 'admin'],
    answers: { 200: { description: 'The figures', content: { 'text/plain': 'text' } } },
  },
  isLive: {
    method: 'get',
    path: '/health/live',
    tag: 'Operations',
    summary: 'Whether the process runs',
    unlimited: true,
    access: 'public',
    answers: { 200: { description: 'It does', content: json('Live') } },
  },
  isReady: {
    method: 'get',
    path: '/health/ready',
    tag: 'Operations',
    summary: 'Whether it can serve, and what is down, by name',
    unlimited: true,
    access: 'public',
    answers: {
      200: { description: 'It can', content: json('Health') },
      503: { description: 'It can’t', content: json('Health') },
    },
  },
  getService: {
    method: 'get',
    path: '/',
    tag: 'About',
    summary: 'The operations page; for programs, what there is',
    access: 'public',
    answers: {
      200: { description: 'The page', content: { 'application/json': 'ServiceDescription', 'text/html': 'text' } },
    },
  },
  getPageFile: {
    method: 'get',
    path: '/web/{file}',
    tag: 'About',
    summary: 'The operations page’s style and script',
    access: 'public',
    parameters: ['file'],
    answers: {
      200: {
        description: 'The file',
        content: { 'text/css': 'text', 'application/javascript': 'text', 'text/javascript': 'text' },
      },
    },
    problems: ['not-found'],
  },
  getOpenApi: {
    method: 'get',
    path: '/openapi.json',
    tag: 'About',
    summary: 'This document',
    access: 'public',
    headers: ['If-None-Match'],
    answers: {
      200: { description: 'OpenAPI 3.1', content: json('OpenApiDocument'), headers: ['ETag'] },
      304: { description: 'The caller has this answer already' },
    },
    problems: ['not-acceptable'],
  },
  getDocs: {
    method: 'get',
    path: '/docs',
    tag: 'About',
    summary: 'This document, to read and to try',
    access: 'public',
    answers: { 200: { description: 'The page', content: { 'text/html': 'text' } } },
  },
  getDocsFile: {
    method: 'get',
    path: '/docs/{file}',
    tag: 'About',
    summary: 'The style and the scripts of /docs',
    access: 'public',
    parameters: ['file'],
    answers: {
      200: {
        description: 'The file',
        content: { 'text/css': 'text', 'application/javascript': 'text', 'text/javascript': 'text' },
      },
    },
    problems: ['not-found'],
  },
  listProblems: {
    method: 'get',
    path: '/problems',
    tag: 'About',
    summary: 'Every problem that there is',
    access: 'public',
    answers: { 200: { description: 'The problem types', content: json('ProblemTypes') } },
  },
  getProblem: {
    method: 'get',
    path: '/problems/{problem}',
    tag: 'About',
    summary: 'What a problem means and what to do',
    access: 'public',
    parameters: ['problem'],
    answers: { 200: { description: 'A page', content: { 'text/html': 'text' } } },
    problems: ['not-found'],
  },
} as const satisfies Readonly<Record<string, Operation>>;

export type OperationId = keyof typeof operations;
