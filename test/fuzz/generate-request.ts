import { openApiDocument } from '../../src/http/contract/openapi.js';
import type { Random } from '../support/random.js';
import { type Known, nearlyValid, type Schema, validValue } from './generate-value.js';

export interface FuzzRequest {
  readonly kind: 'valid' | 'nearly-valid' | 'absurd';
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The body as it is sent. `json` is the value that it was made from. */
  readonly body?: string | Buffer;
  readonly json?: unknown;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: Schema;
}

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly (Parameter | { readonly $ref: string })[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}

const document = JSON.parse(JSON.stringify(openApiDocument())) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};

function resolve(ref: string): unknown {
  let at: unknown = document;
  for (const part of ref.split('/').slice(1)) at = (at as Record<string, unknown>)[part];
  return at;
}

/** Every operation. Those on orders are chosen more often, so that orders reach many states. */
const operations = Object.entries(document.paths).flatMap(([template, methods]) =>
  Object.entries(methods).flatMap(([method, operation]) => {
    const often = template.startsWith('/orders') ? 6 : operation.operationId.includes('ebuild') ? 0.2 : 1;
    return [{ template, method, operation, often }];
  }),
);
const totalOften = operations.reduce((sum, { often }) => sum + often, 0);

function anyOperation(random: Random) {
  let at = random.next() * totalOften;
  for (const one of operations) {
    at -= one.often;
    if (at < 0) return one;
  }
  return random.pick(operations);
}

/** A request that the document allows, one with a single error, or one that is far from valid. */
export function anyRequest(random: Random, known: Known): FuzzRequest {
  const kind = random.pick(['valid', 'valid', 'nearly-valid', 'nearly-valid', 'absurd'] as const);
  return kind === 'absurd' ? absurdRequest(random, known) : documentedRequest(random, known, kind);
}

function documentedRequest(random: Random, known: Known, kind: 'valid' | 'nearly-valid'): FuzzRequest {
  const { template, method, operation } = anyOperation(random);
  const parameters = operation.parameters.map((one) => ('$ref' in one ? (resolve(one.$ref) as Parameter) : one));
  const value = (schema: Schema) => validValue(random, schema, known, (ref) => resolve(ref) as Schema);
  const content = Object.entries(operation.requestBody?.content ?? {})[0];
  // One of the parameters or the body gets an error.
  const wrong = kind === 'valid' ? -1 : random.integer(0, parameters.length - (content ? 0 : 1));
  let path = template;
  const query = new URLSearchParams();
  const headers: Record<string, string> = {};
  for (const [index, parameter] of parameters.entries()) {
    if (parameter.in !== 'path' && !random.chance(wrong === index ? 1 : 0.3)) continue;
    let text = textOf(random, parameter, known, value);
    if (wrong === index) text = asText(nearlyValid(random, text)).slice(0, 2_000);
    if (parameter.in === 'path') path = path.replace(`{${parameter.name}}`, encode(text) || 'x');
    else if (parameter.in === 'query') query.append(parameter.name, text);
    // A client cannot send bytes that are not allowed in a header.
    else headers[parameter.name.toLowerCase()] = text.replace(/[^\x20-\x7e]/g, '?').trim();
  }
  const search = query.size > 0 ? `?${query}` : '';
  if (!content) return { kind, method, path: path + search, headers };
  const [type, { schema }] = content;
  let json = value(schema);
  if (wrong === parameters.length) json = nearlyValid(random, json);
  headers['content-type'] = type;
  if (type === 'application/x-ndjson') {
    const lines = Array.from({ length: random.integer(0, 4) }, () => batchLine(random, known, value));
    return { kind, method, path: path + search, headers, body: lines.map((line) => JSON.stringify(line)).join('\n') };
  }
  return { kind, method, path: path + search, headers, body: JSON.stringify(json), json };
}

function textOf(random: Random, { name, schema }: Parameter, known: Known, value: (schema: Schema) => unknown): string {
  if (name === 'webhook_id') return random.pick(known.webhooks);
  if (name === 'name') return random.pick(['metrics', 'order-status', 'nothing']);
  if (name === 'problem') return random.pick(['validation', 'nothing']);
  if (name === 'file') return random.pick(['operations.js', 'start.js', 'nothing']);
  if (name === 'Prefer') return random.pick(['respond-async', 'wait=1', 'return=minimal']);
  if (name === 'Min-Event-Position') return random.pick(known.positions);
  if (name === 'Last-Event-ID') return random.pick(['', '0', 'x-1.2']);
  return String(value(schema));
}

function batchLine(random: Random, known: Known, value: (schema: Schema) => unknown): unknown {
  const command = random.pick(['place', 'pay', 'ship', 'note', 'cancel', 'refund', 'nothing']);
  const schema = resolve(`#/components/schemas/${command.charAt(0).toUpperCase()}${command.slice(1)}Body`);
  const body = (schema ? value(schema as Schema) : {}) as object;
  const line = { command, ...(command === 'place' ? {} : { order_id: random.pick(known.orders) }), ...body };
  return random.chance(0.3) ? nearlyValid(random, line) : line;
}

function absurdRequest(random: Random, known: Known): FuzzRequest {
  const method = random.pick(['get', 'post', 'put', 'patch', 'delete', 'head', 'options', 'propfind']);
  const parts = [
    'orders',
    'metrics',
    'batch',
    random.pick(known.orders),
    '%',
    '%ff',
    '..',
    '{order_id}',
    'ship',
    '',
    'a'.repeat(500),
  ];
  const anywhere = `/${Array.from({ length: random.integer(0, 4) }, () => random.pick(parts)).join('/')}`;
  const there = ['/orders', `/orders/${random.pick(known.orders)}/pay`, '/orders/batch', '/webhooks'];
  const path = random.chance(0.4) ? random.pick(there) : anywhere;
  const search = random.chance(0.3)
    ? `?${random.pick(['limit=1&limit=2', 'a[b]=c', '%zz', 'cursor=%00', '='.repeat(300)])}`
    : '';
  const headers: Record<string, string> = {};
  const odd = [
    'content-type',
    'accept',
    'if-match',
    'if-none-match',
    'prefer',
    'idempotency-key',
    'traceparent',
    'x-request-id',
    'authorization',
    'content-encoding',
  ];
  for (let nth = random.integer(0, 3); nth > 0; nth -= 1) {
    headers[random.pick(odd)] = random.pick([
      '',
      '*',
      'a'.repeat(1_000),
      'application/json; charset=utf-16',
      '"',
      ';;;',
      'gzip',
      'application/json',
    ]);
  }
  if (method === 'get' || method === 'head' || random.chance(0.3))
    return { kind: 'absurd', method, path: path + search, headers };
  const body = random.pick([
    () => Buffer.from(Array.from({ length: random.integer(1, 200) }, () => random.integer(0, 255))),
    () => Buffer.from('['.repeat(random.integer(1, 5_000))),
    () => Buffer.from('{"a":'.repeat(random.integer(1, 500))),
    () => Buffer.from(JSON.stringify(nearlyValid(random, {}) ?? null)),
    () => Buffer.from(`${'{"command":'.repeat(3)}\n\n\n`),
  ])();
  return {
    kind: 'absurd',
    method,
    path: path + search,
    headers: { 'content-type': 'application/json', ...headers },
    body,
  };
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Text as a path segment. Lone surrogates cannot be encoded; a broken client sends these bytes. */
function encode(text: string): string {
  return /\p{Surrogate}/u.test(text) ? '%ED%A0%80' : encodeURIComponent(text);
}
