/** The parts of the OpenAPI document that the reference shows. */
export interface OpenApi {
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  readonly webhooks: Readonly<Record<string, { readonly post: OperationObject }>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly responses: Readonly<Record<string, Message>>;
    readonly parameters: Readonly<Record<string, Parameter>>;
    readonly headers: Readonly<Record<string, { readonly description: string }>>;
  };
}

export interface OperationObject {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters: readonly (Parameter | Reference)[];
  readonly requestBody?: Message & { readonly required: boolean };
  readonly responses: Readonly<Record<string, Message | Reference>>;
}

export interface Operation extends OperationObject {
  readonly method: string;
  readonly path: string;
  readonly isWebhook: boolean;
}

export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: Schema;
  readonly example?: unknown;
}

/** A request body or a response. */
export interface Message {
  readonly description?: string;
  readonly content?: Readonly<Record<string, Media>>;
  readonly headers?: Readonly<Record<string, unknown>>;
}

export interface Media {
  readonly schema: Schema;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly summary?: string; readonly value: unknown }>>;
}

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly format?: string;
  readonly pattern?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

interface Reference {
  readonly $ref: string;
}

export async function loadDocument(): Promise<OpenApi> {
  const response = await fetch('/openapi.json');
  if (!response.ok) throw new Error(`/openapi.json: status ${response.status}`);
  return (await response.json()) as OpenApi;
}

/** All operations, and the messages that the service sends to webhooks. */
export function operationsOf(document: OpenApi): Operation[] {
  const own = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]) => ({ ...one, method: method.toUpperCase(), path, isWebhook: false })),
  );
  const sent = Object.entries(document.webhooks).map(([type, { post }]) => ({
    ...post,
    method: 'POST',
    path: `your URL, for ${type}`,
    isWebhook: true,
  }));
  return [...own, ...sent];
}

/** The last part of a reference: the name of the component. */
export function nameOf(ref: string): string {
  return ref.split('/').at(-1) ?? '';
}

export function parametersOf(document: OpenApi, { parameters }: OperationObject): Parameter[] {
  return parameters.flatMap((one) => ('$ref' in one ? (document.components.parameters[nameOf(one.$ref)] ?? []) : one));
}

export function responsesOf(document: OpenApi, { responses }: OperationObject): [status: string, response: Message][] {
  return Object.entries(responses).map(([status, one]) => [
    status,
    '$ref' in one ? (document.components.responses[nameOf(one.$ref)] ?? {}) : one,
  ]);
}

/** The scopes of which a caller needs one; none if the operation is public. */
export function scopesOf({ security }: OperationObject): string[] {
  return security.flatMap((one) => Object.values(one).flat());
}

/** Examples of a media type as texts, by their titles. */
export function examplesOf(type: string, { example, examples }: Media): [title: string, text: string][] {
  const shown = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value, null, 2));
  const all = Object.values(examples ?? {});
  // A batch has one command per line.
  if (type === 'application/x-ndjson') {
    const lines = all.length > 0 ? all.map(({ value }) => value) : [example];
    return [['Lines', `${lines.map((value) => JSON.stringify(value)).join('\n')}\n`]];
  }
  if (all.length > 0) return all.map(({ summary, value }) => [summary ?? 'Example', shown(value)]);
  return example === undefined ? [] : [['Example', shown(example)]];
}
