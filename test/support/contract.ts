import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { openApiDocument } from '../../src/http/contract/openapi.js';

interface Response {
  readonly content?: Readonly<Record<string, unknown>>;
}

/** What of an OpenAPI document the tests look at. */
interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly parameters: readonly { name?: string; in?: string; $ref?: string }[];
  readonly requestBody?: { readonly required: boolean; readonly content: Readonly<Record<string, unknown>> };
  readonly responses: Readonly<Record<string, Response & { readonly $ref?: string }>>;
}

// The document as the world gets it.
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

/** Throws where a value is not as one of the document's components has it: for what comes in streams, line by line. */
export function expectComponent(name: string, value: unknown): void {
  expectValid(validatorAt('components', 'schemas', name), value, `a ${name}`);
}

/** Throws where an exchange is not as the OpenAPI document has it. Paths that are not in it are to be answered with a problem. */
export function expectContract(exchange: Exchange): void {
  const { path, status } = exchange;
  const method = exchange.method.toLowerCase() === 'head' ? 'get' : exchange.method.toLowerCase();
  const pathname = path.split(/[?#]/)[0] ?? '';
  const found = operationAt(method, pathname);
  const what = `${exchange.method} ${path} answered ${status}`;
  if (!found) {
    if (status < 400) throw new Error(`${what}, and the document has no such operation`);
    if (exchange.method !== 'HEAD') {
      expectValid(validatorAt('components', 'schemas', 'Problem'), JSON.parse(exchange.text), what);
    }
    return;
  }
  const { template, operation } = found;
  const given = operation.responses[status];
  if (!given) throw new Error(`${what}: the document has no such answer (${operation.operationId})`);
  const shared = given.$ref?.split('/').slice(1);
  const at = shared ?? ['paths', template, method, 'responses', String(status)];
  const response = shared ? document.components.responses[shared.at(-1) ?? ''] : given;
  if (!response) throw new Error(`${what}: the document refers to nothing`);
  if (exchange.method !== 'HEAD') expectBody(exchange, at, response, what);
  if (status < 300) expectRequest(exchange, ['paths', template, method], operation, what);
}

function expectBody({ contentType, text }: Exchange, at: string[], response: Response, what: string): void {
  if (!response.content) {
    if (text !== '') throw new Error(`${what} with a body, and the document has none`);
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
      throw new Error(`${what}: it took the parameter ${name}, which the document does not have`);
  }
  if (!operation.requestBody?.content['application/json']) return;
  if (requestBody === undefined) {
    if (operation.requestBody.required) throw new Error(`${what} without the body that the document asks for`);
    return;
  }
  const body = typeof requestBody === 'string' ? (JSON.parse(requestBody) as unknown) : requestBody;
  expectValid(
    validatorAt(...at, 'requestBody', 'content', 'application/json', 'schema'),
    body,
    `the body that ${what}`,
  );
}

function expectValid(validate: ValidateFunction, value: unknown, what: string): void {
  if (validate(value)) return;
  throw new Error(
    `${what}, which is not as the document has it: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(value)}`,
  );
}

function operationAt(method: string, pathname: string): { template: string; operation: Operation } | undefined {
  const parts = pathname.split('/');
  const fitting = Object.keys(document.paths).filter((template) => {
    const wanted = template.split('/');
    return (
      wanted.length === parts.length &&
      wanted.every((one, nth) => one === parts[nth] || (one.startsWith('{') && parts[nth] !== ''))
    );
  });
  // Where several fit, the one without parameters is meant.
  for (const template of fitting.toSorted((a, b) => a.split('{').length - b.split('{').length)) {
    const operation = document.paths[template]?.[method];
    if (operation) return { template, operation };
  }
  return undefined;
}
