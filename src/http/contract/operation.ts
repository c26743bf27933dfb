import type { Scope } from '../../access/scopes.js';
import type { ProblemName } from './problem-types.js';
import type { bodySchemas, parameterSchemas, querySchemas } from './request-schemas.js';
import type { ResponseSchema } from './response-schemas.js';

/** A header of a request or a response. openapi-headers.ts describes each. */
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
  | 'Content-Disposition'
  | 'Link';

/** The response for one status. `content` has the body's schema by media type. */
export interface OperationResponse {
  readonly description: string;
  readonly content?: Readonly<Record<string, ResponseSchema | 'text'>>;
  readonly headers?: readonly ResponseHeader[];
}

/** One method of one path: who may call it, its input, and its responses. */
export interface Operation {
  readonly method: 'get' | 'post' | 'delete';
  /** Parameters are in braces: /orders/{order_id}. */
  readonly path: string;
  readonly tag: 'Commands' | 'Queries' | 'Webhooks' | 'Operations' | 'Audit' | 'About';
  readonly summary: string;
  readonly description?: string;
  /** A caller needs any one of these scopes. `public` needs none, even with access control on. */
  readonly access: 'public' | readonly [Scope, ...Scope[]];
  /** Whether the parameter `ticket` can take the place of the Authorization header. */
  readonly acceptsTicket?: true;
  /** Exempt from the rate limit and from load shedding: for probes and scrapers. */
  readonly unlimited?: true;
  readonly parameters?: readonly (keyof typeof parameterSchemas)[];
  readonly query?: keyof typeof querySchemas;
  readonly headers?: readonly RequestHeader[];
  readonly body?: keyof typeof bodySchemas | 'batch';
  readonly responses: Readonly<Record<number, OperationResponse>>;
  readonly problems?: readonly ProblemName[];
}

/** JSON content with this schema. */
export function json(schema: ResponseSchema): { readonly 'application/json': ResponseSchema } {
  return { 'application/json': schema };
}

/** The responses of an operation that accepts If-None-Match. */
export function cached(
  description: string,
  content: NonNullable<OperationResponse['content']>,
): Operation['responses'] {
  return {
    200: { description, content, headers: ['ETag'] },
    304: { description: 'The client has this response already' },
  };
}

/** The problems of every operation with a body. */
export const bodyProblems = [
  'malformed-json',
  'malformed-request',
  'request-timeout',
  'body-too-large',
  'unsupported-media-type',
] as const satisfies readonly ProblemName[];

/**
 * Whether an operation reads or writes the log, or what was made from it. It is rejected while the
 * log is not the one that the process knows.
 */
export function needsLog({ tag, access }: Operation): boolean {
  return access !== 'public' && ['Commands', 'Queries', 'Audit'].includes(tag);
}
