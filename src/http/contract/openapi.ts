import { readFileSync } from 'node:fs';
import { projectPath } from '../../project-path.js';
import { examples } from './examples.js';
import { requestHeaders, responseHeaders } from './openapi-headers.js';
import type { Operation, OperationResponse } from './operation.js';
import { operations } from './operations.js';
import { type ProblemName, problemTypes } from './problem-types.js';
import { bodySchemas, parameterSchemas, querySchemas } from './request-schemas.js';
import { responseSchemas } from './response-schemas.js';

type Json = Readonly<Record<string, unknown>>;

/** What may happen to any request. */
const everywhere: readonly ProblemName[] = [
  'not-found',
  'malformed-request',
  'method-not-allowed',
  'headers-too-large',
  'internal-error',
];
/** What may happen to one that has to say who it comes from. */
const withAccess: readonly ProblemName[] = [
  'unauthenticated',
  'insufficient-scope',
  'token-issuer-unavailable',
  'event-log-unavailable',
];

/** The OpenAPI 3.1 document: made from the table of operations and the very schemas that validate requests. */
export function openApiDocument(): Json {
  const paths: Record<string, Record<string, Json>> = {};
  const shared = new SharedResponses();
  for (const [id, operation] of Object.entries<Operation>(operations)) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: describe(id, operation, shared) };
  }
  const { version, description } = JSON.parse(readFileSync(projectPath('package.json'), 'utf8')) as Record<
    string,
    string
  >;
  return {
    openapi: '3.1.1',
    info: { title: 'Order service', version, description, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '/', description: 'This service' }],
    tags: [
      { name: 'Commands', description: 'Change an order. Each appends one event to the log.' },
      { name: 'Queries', description: 'Answered from the read models.' },
      { name: 'Audit', description: 'What happened, and the proof that it did.' },
      { name: 'Webhooks', description: 'Events, delivered to addresses that subscribed (Standard Webhooks).' },
      { name: 'Operations', description: 'For those who run the service.' },
      { name: 'About', description: 'What there is.' },
    ],
    paths,
    webhooks: { orderEvent: { post: webhook } },
    components: {
      schemas: {
        ...Object.fromEntries(Object.entries(responseSchemas).map(([name, schema]) => [name, published(schema)])),
        ...Object.fromEntries(Object.entries(bodySchemas).map(([name, schema]) => [bodyName(name), published(schema)])),
        BatchCommand: {
          type: 'object',
          required: ['command'],
          properties: {
            command: { type: 'string' },
            order_id: { type: 'string' },
            idempotency_key: { type: 'string' },
          },
        },
        WebhookMessage: webhookMessage,
      },
      responses: shared.components(),
      headers: responseHeaders,
      parameters: Object.fromEntries(
        Object.entries(requestHeaders).map(([name, header]) => [
          name,
          { name, in: 'header', required: false, ...header },
        ]),
      ),
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description:
            'An API key, or a JSON Web Token of the configured issuer. Without configured access control, nothing.',
        },
      },
    },
  };
}

function describe(id: string, operation: Operation, shared: SharedResponses): Json {
  const { tag, summary, description, access, body, query, parameters = [], headers = [] } = operation;
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    security: access === 'public' ? [] : access.map((scope) => ({ bearer: [scope] })),
    parameters: [
      ...parameters.map((name) => ({ name, in: 'path', required: true, schema: published(parameterSchemas[name]) })),
      ...(query === undefined ? [] : queryParameters(querySchemas[query])),
      ...headers.map((name) => ({ $ref: `#/components/parameters/${name}` })),
    ],
    ...(body === undefined ? {} : { requestBody: requestBody(body) }),
    responses: responses(operation, shared),
  };
}

function queryParameters(schema: { readonly properties: Readonly<Record<string, object>> }): Json[] {
  return Object.entries(schema.properties).map(([name, property]) => {
    const { description, ...schema } = referenceTo(property) ?? published(property);
    return { name, in: 'query', required: false, ...(description ? { description } : {}), schema };
  });
}

function requestBody(body: keyof typeof bodySchemas | 'batch'): Json {
  if (body === 'batch') {
    const schema = { $ref: '#/components/schemas/BatchCommand' };
    return { required: true, description: 'A JSON object a line.', content: { 'application/x-ndjson': { schema } } };
  }
  const named = Object.entries(examples[body]).map(([summary, value]) => [
    summary.toLowerCase().replace(/\W+/g, '-'),
    { summary, value },
  ]);
  return {
    // An absent body is an empty object: what needs no field needs no body.
    required: bodySchemas[body].required.length > 0,
    content: {
      'application/json': {
        schema: { $ref: `#/components/schemas/${bodyName(body)}` },
        examples: Object.fromEntries(named),
      },
    },
  };
}

function responses(operation: Operation, shared: SharedResponses): Json {
  const problems = new Set<ProblemName>([
    ...everywhere,
    ...(operation.access === 'public' ? [] : withAccess),
    ...(operation.unlimited ? [] : (['rate-limited', 'overloaded'] as const)),
    ...(operation.problems ?? []),
  ]);
  const byStatus = new Map<number, ProblemName[]>();
  for (const name of problems) {
    const { status } = problemTypes[name];
    byStatus.set(status, [...(byStatus.get(status) ?? []), name]);
  }
  const answers: Record<number, Json> = {};
  for (const [status, names] of byStatus) answers[status] = shared.ref(status, names);
  for (const [text, one] of Object.entries(operation.responses)) {
    const status = Number(text);
    const names = byStatus.get(status);
    answers[status] = response(one, names ? (problemResponse(status, names).content as Json) : {});
  }
  return answers;
}

/** The answers that many operations have in common, each once: "Problem404", "Problem404B" and so on. */
class SharedResponses {
  readonly #names = new Map<string, string>();
  readonly #components: Record<string, Json> = {};

  ref(status: number, problems: readonly ProblemName[]): Json {
    const sorted = problems.toSorted();
    const key = sorted.join();
    let name = this.#names.get(key);
    if (name === undefined) {
      const before = Object.keys(this.#components).filter((one) => one.startsWith(`Problem${status}`)).length;
      name = `Problem${status}${before === 0 ? '' : String.fromCharCode(65 + before)}`;
      this.#names.set(key, name);
      this.#components[name] = problemResponse(status, sorted);
    }
    return { $ref: `#/components/responses/${name}` };
  }

  components(): Json {
    return this.#components;
  }
}

function response({ description, content, headers = [] }: OperationResponse, more: Json): Json {
  const types = Object.entries(content ?? {}).map(([type, schema]) => [
    type,
    { schema: schema === 'text' ? { type: 'string' } : { $ref: `#/components/schemas/${schema}` } },
  ]);
  const all = { ...Object.fromEntries(types), ...more };
  return {
    description,
    headers: Object.fromEntries(
      [...headers, 'X-Request-Id'].map((name) => [name, { $ref: `#/components/headers/${name}` }]),
    ),
    ...(Object.keys(all).length > 0 ? { content: all } : {}),
  };
}

function problemResponse(status: number, names: readonly ProblemName[]): Json {
  const type = { enum: names.map((name) => `/problems/${name}`) };
  const headers = status === 503 || status === 429 ? ['Retry-After', 'X-Request-Id'] : ['X-Request-Id'];
  return {
    description: names.map((name) => `${problemTypes[name].title} (\`/problems/${name}\`).`).join(' '),
    headers: Object.fromEntries(headers.map((name) => [name, { $ref: `#/components/headers/${name}` }])),
    content: {
      'application/problem+json': {
        schema: { allOf: [{ $ref: '#/components/schemas/Problem' }, { type: 'object', properties: { type } }] },
      },
    },
  };
}

const webhookMessage = {
  type: 'object',
  required: ['type', 'timestamp', 'data'],
  properties: {
    type: { type: 'string', description: 'The event’s type.' },
    timestamp: { type: 'string', format: 'date-time', description: 'When it was recorded.' },
    data: { $ref: '#/components/schemas/Change' },
  },
} as const;

const webhook = {
  operationId: 'receiveOrderEvent',
  tags: ['Webhooks'],
  summary: 'An event of an order, sent to a subscribed address',
  description:
    'Signed as Standard Webhooks has it. At least once, and in order per order; tried again for a day until answered with 2xx.',
  security: [],
  parameters: ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => ({
    name,
    in: 'header',
    required: true,
    schema: { type: 'string' },
  })),
  requestBody: {
    required: true,
    content: { 'application/json': { schema: { $ref: '#/components/schemas/WebhookMessage' } } },
  },
  responses: {
    '2XX': { description: 'Received' },
    '410': { description: 'Never again: the subscription ends' },
  },
} as const;

function bodyName(body: string): string {
  return `${body.charAt(0).toUpperCase()}${body.slice(1)}Body`;
}

const componentNames = new Map<unknown, string>(
  Object.entries(responseSchemas).map(([name, schema]) => [schema, name]),
);

/**
 * A schema as the document shows it: each component inside it is a reference, and the formats that
 * only our validator knows are RFC 3339 date-times.
 */
function published(schema: object): Json {
  const text = JSON.stringify(schema, (key, value: unknown) => {
    if (key === 'format' && (value === 'rfc3339' || value === 'rfc3339-hour')) return 'date-time';
    return key === '' ? value : (referenceTo(value) ?? value);
  });
  return JSON.parse(text) as Json;
}

function referenceTo(schema: unknown): Json | undefined {
  const name = componentNames.get(schema);
  return name === undefined ? undefined : { $ref: `#/components/schemas/${name}` };
}
