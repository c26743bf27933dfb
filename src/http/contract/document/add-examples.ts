import { describeFields, fieldDescription, isObject } from './describe-fields.js';
import { Examples, exampleValueOf } from './example-of.js';
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
    const text = isText(media.schema) ? textExample(operationId, type, this.#examples) : undefined;
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
