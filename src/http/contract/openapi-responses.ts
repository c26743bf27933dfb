import { problemExamples } from './document/problem-examples.js';
import { needsLog, type Operation, type OperationResponse } from './operation.js';
import { problemTypeDescription } from './problem-schemas.js';
import { type ProblemName, problemTypes } from './problem-types.js';

type Json = Readonly<Record<string, unknown>>;

/** The problems of every operation. */
const commonProblems: readonly ProblemName[] = [
  'foreign-request',
  'not-found',
  'malformed-request',
  'method-not-allowed',
  'headers-too-large',
  'internal-error',
];
/** The problems of every operation that needs a scope. */
const accessProblems: readonly ProblemName[] = [
  'unauthenticated',
  'insufficient-scope',
  'token-issuer-unavailable',
  'event-log-unavailable',
];

/** All problems of an operation. */
export function problemsOf(operation: Operation): ReadonlySet<ProblemName> {
  return new Set<ProblemName>([
    ...commonProblems,
    ...(operation.access === 'public' ? [] : accessProblems),
    ...(needsLog(operation) ? (['log-went-back'] as const) : []),
    ...(operation.unlimited ? [] : (['rate-limited', 'overloaded'] as const)),
    ...(operation.problems ?? []),
  ]);
}

/** The responses of an operation by status, the problems of its status included. */
export function responsesOf(operation: Operation, shared: SharedResponses): Json {
  const problemsByStatus = new Map<number, ProblemName[]>();
  for (const name of problemsOf(operation)) {
    const { status } = problemTypes[name];
    problemsByStatus.set(status, [...(problemsByStatus.get(status) ?? []), name]);
  }
  const described: Record<number, Json> = {};
  for (const [status, names] of problemsByStatus) described[status] = shared.ref(status, names, operation);
  for (const [text, one] of Object.entries(operation.responses)) {
    const status = Number(text);
    const names = problemsByStatus.get(status);
    described[status] = response(one, names ? problemContent(names, operation) : {});
  }
  return described;
}

/** Responses that several operations share, each once: "Problem404", "Problem404B" and so on. */
export class SharedResponses {
  readonly #names = new Map<string, string>();
  readonly #components: Record<string, Json> = {};

  /** @param operation whose problems are the examples: queries and commands have different ones. */
  ref(status: number, problems: readonly ProblemName[], operation: Operation): Json {
    const sorted = problems.toSorted();
    const key = [operation.method === 'get', ...sorted].join();
    let name = this.#names.get(key);
    if (name === undefined) {
      const sameStatus = Object.keys(this.#components).filter((one) => one.startsWith(`Problem${status}`)).length;
      name = `Problem${status}${sameStatus === 0 ? '' : String.fromCharCode(65 + sameStatus)}`;
      this.#names.set(key, name);
      this.#components[name] = problemResponse(status, sorted, operation);
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

function problemResponse(status: number, names: readonly ProblemName[], operation: Operation): Json {
  const headers = status === 503 || status === 429 ? ['Retry-After', 'X-Request-Id'] : ['X-Request-Id'];
  return {
    description: names.map((name) => `${problemTypes[name].title} (\`/problems/${name}\`).`).join(' '),
    headers: Object.fromEntries(headers.map((name) => [name, { $ref: `#/components/headers/${name}` }])),
    content: problemContent(names, operation),
  };
}

function problemContent(names: readonly ProblemName[], operation: Operation): Json {
  const type = { enum: names.map((name) => `/problems/${name}`), description: problemTypeDescription };
  const schema = { allOf: [{ $ref: '#/components/schemas/Problem' }, { type: 'object', properties: { type } }] };
  return { 'application/problem+json': { schema, examples: problemExamples(names, operation) } };
}
