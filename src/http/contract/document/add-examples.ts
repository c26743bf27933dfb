import { type ProblemName, type ProblemType, problemTypes } from '../problem-types.js';
import { describeFields, fieldDescription, isObject } from './describe-fields.js';
import { Examples, exampleValueOf } from './example-of.js';
import { exampleValues } from './example-values.js';
import { textExample } from './text-examples.js';

type Json = Readonly<Record<string, unknown>>;

/**
 * Completes operations of the document: every parameter and field gets a description, and every
 * media type an example, unless it has one.
 */
export class Completion {
  readonly #examples: Examples;

  constructor(components: Json) {
    this.#examples = new Examples(components);
  }

  operation(operation: Json): Json {
    const id = String(operation.operationId);
    const { parameters, requestBody, responses } = operation;
    return {
      ...operation,
      ...(Array.isArray(parameters) ? { parameters: parameters.map(completeParameter) } : {}),
      ...(isObject(requestBody) ? { requestBody: this.message(id, requestBody) } : {}),
      ...(isObject(responses) ? { responses: this.messages(id, responses) } : {}),
    };
  }

  /** The message with which an event of this type is delivered. */
  delivery(type: string): Json {
    const data = { ...this.#component('Change'), type, data: this.#component(`${type}Data`) };
    return { ...this.#component('WebhookMessage'), type, data };
  }

  #component(name: string): Json {
    const example = this.#examples.ofComponent(name);
    return isObject(example) ? example : {};
  }

  /** Responses by status or by name. */
  messages(operationId: string, messages: Json): Json {
    return Object.fromEntries(
      Object.entries(messages).map(([key, one]) => [key, isObject(one) ? this.message(operationId, one) : one]),
    );
  }

  /** A request body or a response. */
  message(operationId: string, message: Json): Json {
    if (!isObject(message.content)) return message;
    const content = Object.entries(message.content).map(([type, media]) => {
      if (!isObject(media)) return [type, media];
      const schema = isObject(media.schema) ? describeFields(media.schema) : media.schema;
      return [type, { ...media, schema, ...this.#exampleOf(operationId, type, media) }];
    });
    return { ...message, content: Object.fromEntries(content) };
  }

  #exampleOf(operationId: string, type: string, media: Json): Json {
    if ('example' in media || 'examples' in media) return {};
    if (type === 'application/problem+json') return { examples: problemExamples(problemNames(media.schema)) };
    const text = isText(media.schema) ? textExample(operationId, type) : undefined;
    return { example: text ?? this.#examples.of(media.schema) };
  }
}

function isText(schema: unknown): boolean {
  return isObject(schema) && schema.type === 'string';
}

function completeParameter(parameter: unknown): unknown {
  if (!isObject(parameter) || typeof parameter.name !== 'string') return parameter;
  const { name, schema } = parameter;
  const own = isObject(schema) ? schema.description : undefined;
  const description = parameter.description ?? own ?? fieldDescription(name);
  const value = parameter.required === true ? exampleValueOf(name) : undefined;
  return {
    ...parameter,
    ...(description === undefined ? {} : { description }),
    ...(value === undefined ? {} : { example: value }),
  };
}

/** The names in the schema of a response that is one of several problems. */
function problemNames(schema: unknown): ProblemName[] {
  const types = JSON.stringify(schema).match(/\/problems\/[a-z-]+/g) ?? [];
  return types.map((type) => type.slice('/problems/'.length) as ProblemName);
}

export function problemExamples(names: readonly ProblemName[]): Json {
  return Object.fromEntries(
    names.map((name) => [name, { summary: problemTypes[name].title, value: problemExample(name) }]),
  );
}

/** A problem as a response has it. */
export function problemExample(name: ProblemName): Json {
  const { status, title, detail = title }: ProblemType & { readonly detail?: string } = problemTypes[name];
  return {
    type: `/problems/${name}`,
    title,
    status,
    detail: details[name] ?? `${detail}.`,
    ...extensions[name],
    instance: `/orders/${String(exampleValues.order_id)}/ship`,
    request_id: exampleValues.request_id,
  };
}

const details: Readonly<Partial<Record<ProblemName, string>>> = {
  'insufficient-scope': 'This request needs the scope orders:write.',
  validation: '/items/0/quantity must be at least 1',
  'version-mismatch': 'The order is at version 3.',
};

const state = {
  current_status: 'pending',
  on_hold: false,
  current_version: 2,
  allowed_commands: ['process', 'cancel'],
};

/** The members of some problems beyond those that every problem has. */
const extensions: Readonly<Partial<Record<ProblemName, Json>>> = {
  'insufficient-scope': { required_scopes: ['orders:write'] },
  validation: { errors: [{ pointer: '/items/0/quantity', message: 'must be at least 1' }] },
  'version-mismatch': { current_version: 3 },
  'invalid-transition': state,
  'order-on-hold': { ...state, on_hold: true, allowed_commands: ['release', 'note'] },
  'event-log-unavailable': { may_have_been_done: true },
  overloaded: { may_have_been_done: false },
};
