import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { openApiDocument } from '../../src/http/contract/openapi.js';

interface Response {
  readonly content?: Readonly<Record<string, unknown>>;
}

/** The part of an OpenAPI operation that the tests use. */
interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly parameters: readonly { name?: string; in?: string; $ref?: string }[];
  readonly requestBody?: { readonly required: boolean; readonly content: Readonly<Record<string, unknown>> };
  readonly responses: Readonly<Record<string, Response & { readonly $ref?: string }>>;
}

// The document as clients get it.
const document = JSON.parse(JSON.stringify(openApiDocument())) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly responses: Readonly<Record<string, Response>> };
};
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema({ ...document, $id: 'openapi' });

const validators = new Map<string, ValidateFunction>();

function validatorAt(...path: string[]): ValidateFunction {
  const pointer = path.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1').replaceAll('%', '%25')).join('/');
  const known = validators.get(pointer) ?? ajv.compile({ $ref: `openapi#/${encodeURI(pointer)}` });
  validators.set(pointer, known);
  return known;
}

export interface Exchange {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly requestBody?: unknown;
  readonly status: number;
  readonly contentType: string | null;
  readonly text: string;
}

/** Throws if a value does not match a component of the document. For messages of streams. */
export function expectComponent(name: string, value: unknown): void {
  expectValid(validatorAt('components', 'schemas', name), value, `a ${name}`);
}

/**
 * Throws if a request and its response do not match the OpenAPI document. The response for a path
 * that the document does not have must be a problem.
 */
export function expectContract(exchange: Exchange): void {
  const { path, status } = exchange;
  const method = exchange.method.toLowerCase() === 'head' ? 'get' : exchange.method.toLowerCase();
  const pathname = path.split(/[?#]/)[0] ?? '';
  const found = operationAt(method, pathname);
  const what = `${exchange.method} ${path} responded with ${status}`;
  if (!found) {
    if (status < 400) throw new Error(`${what}, but the document has no such operation`);
    if (exchange.method !== 'HEAD') {
      expectValid(validatorAt('components', 'schemas', 'Problem'), JSON.parse(exchange.text), what);
    }
    return;
  }
  const { template, operation } = found;
  const given = operation.responses[status];
  if (!given) throw new Error(`${what}: the document has no such response (${operation.operationId})`);
  const shared = given.$ref?.split('/').slice(1);
  const at = shared ?? ['paths', template, method, 'responses', String(status)];
  const response = shared ? document.components.responses[shared.at(-1) ?? ''] : given;
  if (!response) throw new Error(`${what}: the reference in the document points to nothing`);
  if (exchange.method !== 'HEAD') expectBody(exchange, at, response, what);
  if (status < 300) expectRequest(exchange, ['paths', template, method], operation, what);
}

function expectBody({ contentType, text }: Exchange, at: string[], response: Response, what: string): void {
  if (!response.content) {
    if (text !== '') throw new Error(`${what} with a body, but the document has none`);
    return;
  }
  const type = (contentType ?? '').split(';')[0]?.trim() ?? '';
  if (!Object.hasOwn(response.content, type)) throw new Error(`${what} as ${type}, which the document does not have`);
  const validate = validatorAt(...at, 'content', type, 'schema');
  if (type === 'application/x-ndjson') {
    for (const line of text.split('\n').filter(Boolean)) expectValid(validate, JSON.parse(line), what);
  } else {
    expectValid(validate, type.endsWith('json') ? JSON.parse(text) : text, what);
  }
}

function expectRequest({ path, requestBody }: Exchange, at: string[], operation: Operation, what: string): void {
  const isPage = operation.tags.includes('About') || /^\/(health|metrics)/.test(path);
  const query = new URL(path, 'http://test').searchParams;
  const known = operation.parameters.filter((one) => one.in === 'query').map(({ name }) => name);
  for (const name of query.keys()) {
    if (!isPage && !known.includes(name))
      throw new Error(`${what}: it accepted the parameter ${name}, which the document does not have`);
  }
  if (!operation.requestBody?.content['application/json']) return;
  if (requestBody === undefined) {
    if (operation.requestBody.required) throw new Error(`${what} without the body that the document requires`);
    return;
  }
  const body = typeof requestBody === 'string' ? (JSON.parse(requestBody) as unknown) : requestBody;
  expectValid(
    validatorAt(...at, 'requestBody', 'content', 'application/json', 'schema'),
    body,
    `the request body: ${what}`,
  );
}

function expectValid(validate: ValidateFunction, value: unknown, what: string): void {
  if (validate(value)) return;
  throw new Error(
    `${what}, which does not match the document: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(value)}`,
  );
}

function operationAt(method: string, pathname: string): { template: string; operation: Operation } | undefined {
  const parts = pathname.split('/');
  const matching = Object.keys(document.paths).filter((template) => {
    const segments = template.split('/');
    return (
      segments.length === parts.length &&
      segments.every((one, nth) => one === parts[nth] || (one.startsWith('{') && parts[nth] !== ''))
    );
  });
  // If several match, the one with the fewest parameters is meant.
  for (const template of matching.toSorted((a, b) => a.split('{').length - b.split('{').length)) {
    const operation = document.paths[template]?.[method];
    if (operation) return { template, operation };
  }
  return undefined;
}
