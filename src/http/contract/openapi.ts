import { earlierEventDataSchemas } from '../../orders/earlier-event-data.js';
import { eventDataSchemas, eventMeanings } from '../../orders/event-data.js';
import type { OrderEventType } from '../../orders/events.js';
import { orderEventTypes } from '../../orders/upcast.js';
import { projectVersion } from '../../project-path.js';
import { Completion } from './document/add-examples.js';
import { describeFields } from './document/describe-fields.js';
import { introduction } from './document/introduction.js';
import { batchExamples } from './document/text-examples.js';
import { examples } from './examples.js';
import { requestHeaders, responseHeaders } from './openapi-headers.js';
import { responsesOf, SharedResponses } from './openapi-responses.js';
import type { Operation } from './operation.js';
import { operations } from './operations.js';
import { bodySchemas, parameterSchemas, querySchemas } from './request-schemas.js';
import { responseSchemas } from './response-schemas.js';

type Json = Readonly<Record<string, unknown>>;

/**
 * The OpenAPI 3.1 document: made from the table of operations, the schemas that validate requests,
 * and those that the types of responses follow from.
 */
export function openApiDocument(): Json {
  const shared = new SharedResponses();
  const described = Object.entries<Operation>(operations).map(
    ([id, operation]) => [operation, describe(id, operation, shared)] as const,
  );
  const schemas = componentSchemas();
  const completion = new Completion(schemas);
  const paths: Record<string, Record<string, Json>> = {};
  for (const [{ path, method }, json] of described)
    paths[path] = { ...paths[path], [method]: completion.operation(json) };
  return {
    openapi: '3.1.1',
    info: {
      title: 'Order service',
      version: projectVersion(),
      description: introduction,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'This service' }],
    tags: [
      { name: 'Commands', description: 'Change an order. Each command appends one event to the log.' },
      { name: 'Queries', description: 'Read from the read models.' },
      { name: 'Audit', description: 'The history of orders, and proofs of it.' },
      { name: 'Webhooks', description: 'Events delivered to subscribed URLs (Standard Webhooks).' },
      { name: 'Operations', description: 'For operators of the service.' },
      { name: 'About', description: 'Descriptions of the API.' },
    ],
    paths,
    webhooks: Object.fromEntries(
      orderEventTypes.map((type) => [type, { post: completion.operation(webhookOf(type, completion.delivery(type))) }]),
    ),
    components: {
      schemas,
      responses: completion.messages('', shared.components()),
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
            'An API key, or a JSON Web Token of the configured issuer. Not needed while access control is off.',
        },
      },
    },
  };
}

/** The schemas by their names, with a description of every field. */
function componentSchemas(): Json {
  const schemas: Record<string, Json> = {
    ...Object.fromEntries(Object.entries(responseSchemas).map(([name, schema]) => [name, published(schema)])),
    ...Object.fromEntries(Object.entries(bodySchemas).map(([name, schema]) => [bodyName(name), published(schema)])),
    BatchCommand: {
      type: 'object',
      additionalProperties: true,
      required: ['command'],
      properties: {
        command: { type: 'string' },
        order_id: { type: 'string' },
        idempotency_key: { type: 'string' },
      },
    },
    ...Object.fromEntries(orderEventTypes.map((type) => [`${type}Data`, dataOf(type)])),
    WebhookMessage: webhookMessage,
  };
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, describeFields(schema, name)]));
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
    responses: responsesOf(operation, shared),
  };
}

function queryParameters(parameters: {
  readonly properties: Readonly<Record<string, object>>;
  readonly required: readonly string[];
}): Json[] {
  return Object.entries(parameters.properties).map(([name, property]) => {
    const { description, ...schema } = referenceTo(property) ?? published(property);
    const required = parameters.required.includes(name);
    return { name, in: 'query', required, ...(description ? { description } : {}), schema };
  });
}

function requestBody(body: keyof typeof bodySchemas | 'batch'): Json {
  if (body === 'batch') {
    const schema = { $ref: '#/components/schemas/BatchCommand' };
    return {
      required: true,
      description: 'One JSON object per line.',
      content: { 'application/x-ndjson': { schema, examples: batchExamples } },
    };
  }
  const named = Object.entries(examples[body]).map(([summary, value]) => [
    summary.toLowerCase().replace(/\W+/g, '-'),
    { summary, value },
  ]);
  return {
    // An absent body is valid as an empty object.
    required: bodySchemas[body].required.length > 0,
    content: {
      'application/json': {
        schema: { $ref: `#/components/schemas/${bodyName(body)}` },
        examples: Object.fromEntries(named),
      },
    },
  };
}

const webhookMessage = {
  type: 'object',
  required: ['type', 'timestamp', 'data'],
  properties: {
    type: { type: 'string', description: 'The type of the event.' },
    timestamp: { type: 'string', format: 'date-time', description: 'The time at which the event was recorded.' },
    data: { $ref: '#/components/schemas/Change' },
  },
} as const;

/** The data of an event, which is shown in the schema version in which it was written. */
function dataOf(type: OrderEventType): Json {
  const earlier = earlierEventDataSchemas[type] ?? [];
  const current = published(eventDataSchemas[type]);
  return earlier.length === 0 ? current : { anyOf: [current, ...earlier.map(published)] };
}

function webhookOf(type: OrderEventType, example: Json): Json {
  const change = {
    type: 'object',
    additionalProperties: true,
    properties: { data: { $ref: `#/components/schemas/${type}Data` } },
  };
  const schema = {
    allOf: [
      { $ref: '#/components/schemas/WebhookMessage' },
      { type: 'object', additionalProperties: true, properties: { type: { const: type }, data: change } },
    ],
  };
  return {
    operationId: `receive${type}`,
    tags: ['Webhooks'],
    summary: `${type}: ${eventMeanings[type]}`,
    description:
      'Signed according to Standard Webhooks. Events are delivered at least once, and in order for each order. ' +
      'A delivery is retried for 24 hours until the response is 2xx.',
    security: [],
    parameters: ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => ({
      name,
      in: 'header',
      required: true,
      schema: { type: 'string' },
    })),
    requestBody: { required: true, content: { 'application/json': { schema, example } } },
    responses: { '2XX': { description: 'Received' }, '410': { description: 'The subscription ends' } },
  };
}

function bodyName(body: string): string {
  return `${body.charAt(0).toUpperCase()}${body.slice(1)}Body`;
}

const componentNames = new Map<unknown, string>(
  Object.entries(responseSchemas).map(([name, schema]) => [schema, name]),
);

/**
 * A schema as the document shows it. Components inside it become references. The formats of our own
 * validator become date-time.
 */
function published(schema: object): Json {
  const text = JSON.stringify(schema, (key, value: unknown) => {
    if (key === 'format' && value === 'rfc3339') return 'date-time';
    return key === '' ? value : (referenceTo(value) ?? value);
  });
  return JSON.parse(text) as Json;
}

function referenceTo(schema: unknown): Json | undefined {
  const name = componentNames.get(schema);
  return name === undefined ? undefined : { $ref: `#/components/schemas/${name}` };
}
