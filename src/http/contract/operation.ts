import type { Scope } from '../../access/scopes.js';
import type { ProblemName } from './problem-types.js';
import type { bodySchemas, parameterSchemas, querySchemas } from './request-schemas.js';
import type { ResponseSchema } from './response-schemas.js';

/** A header that an operation takes or gives; what each means is in openapi-headers.ts. */
export type RequestHeader =
  | 'Idempotency-Key'
  | 'If-Match'
  | 'Prefer'
  | 'Min-Event-Position'
  | 'If-None-Match'
  | 'Last-Event-ID';
export type ResponseHeader =
  | 'ETag'
  | 'Event-Position'
  | 'Idempotency-Replayed'
  | 'Preference-Applied'
  | 'Location'
  | 'Content-Disposition';

/** What is answered with a status: by media type, what its body is. */
export interface OperationResponse {
  readonly description: string;
  readonly content?: Readonly<Record<string, ResponseSchema | 'text'>>;
  readonly headers?: readonly ResponseHeader[];
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
  /** Probes and scrapers are not counted by the rate limit, nor refused when there is too much to do. */
  readonly unlimited?: true;
  readonly parameters?: readonly (keyof typeof parameterSchemas)[];
  readonly query?: keyof typeof querySchemas;
  readonly headers?: readonly RequestHeader[];
  readonly body?: keyof typeof bodySchemas | 'batch';
  readonly responses: Readonly<Record<number, OperationResponse>>;
  readonly problems?: readonly ProblemName[];
}

/** Content that is JSON as this schema has it. */
export function json(schema: ResponseSchema): { readonly 'application/json': ResponseSchema } {
  return { 'application/json': schema };
}

/** The answers of what can be asked again with If-None-Match. */
export function cached(
  description: string,
  content: NonNullable<OperationResponse['content']>,
): Operation['responses'] {
  return {
    200: { description, content, headers: ['ETag'] },
    304: { description: 'The caller has this answer already' },
  };
}

/** What may be wrong with a body. */
export const bodyProblems = [
  'malformed-json',
  'malformed-request',
  'request-timeout',
  'body-too-large',
  'unsupported-media-type',
] as const satisfies readonly ProblemName[];
