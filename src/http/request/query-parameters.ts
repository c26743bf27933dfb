import type { Context } from 'koa';
import { pointerPart } from '../../json-pointer.js';
import { type FieldError, ProblemError, validationProblem } from '../contract/problems.js';
import { type QueryName, type QueryParameters, querySchemas } from '../contract/request-schemas.js';
import { isQuery } from './validation.js';

/** The query parameters, validated against their schema. Throws ProblemError. */
export function queryParameters<Name extends QueryName>(ctx: Context, name: Name): QueryParameters<Name> {
  const query = new Map<string, unknown>();
  const errors: FieldError[] = [];
  if (!isDecodable(ctx.querystring)) throw new ProblemError(validationProblem([undecodable]));
  // Koa would parse an empty query string, too.
  for (const [key, value] of ctx.search === '' ? [] : Object.entries(ctx.query)) {
    if (takesSeveral(name, key))
      query.set(
        key,
        [value ?? []].flat().flatMap((part) => part.split(',')),
      );
    else if (Array.isArray(value)) errors.push({ pointer: pointerTo(key), message: 'must be given once' });
    else query.set(key, value);
  }
  // An assignment to a property named __proto__ would be lost.
  const given: unknown = Object.fromEntries(query);
  if (isQuery(name, given, errors) && errors.length === 0) return given;
  throw new ProblemError(validationProblem(errors));
}

const undecodable: FieldError = {
  pointer: '/query',
  message: 'must be UTF-8 in percent-encoding: a percent sign is %25',
};

/** Node would replace other bytes by U+FFFD, and search for a text that nobody gave. */
function isDecodable(querystring: string): boolean {
  if (!querystring.includes('%')) return true;
  try {
    decodeURIComponent(querystring);
    return true;
  } catch {
    return false;
  }
}

/** Whether a parameter may be given several times, or with several values between commas. */
function takesSeveral(name: QueryName, key: string): boolean {
  const properties: Readonly<Record<string, { readonly type?: unknown }>> = querySchemas[name].properties;
  return Object.hasOwn(properties, key) && properties[key]?.type === 'array';
}

/**
 * Throws ProblemError if there are query parameters. If they were ignored, the client would believe
 * that they had an effect.
 */
export function rejectQueryParameters(ctx: Context): void {
  if (ctx.search === '') return;
  const errors = Object.keys(ctx.query).map((name) => ({ pointer: pointerTo(name), message: 'is not a known field' }));
  if (errors.length > 0) throw new ProblemError(validationProblem(errors));
}

function pointerTo(name: string): string {
  return `/query/${pointerPart(name)}`;
}
