import type { Context } from 'koa';
import { ProblemError, validationProblem } from '../contract/problems.js';
import type { querySchemas } from '../contract/request-schemas.js';
import { queryErrors } from './validation.js';

/** The query parameters, validated against their schema. Throws ProblemError. */
export function queryParameters<Query>(ctx: Context, name: keyof typeof querySchemas): Query {
  const query: Record<string, unknown> = {};
  const errors = [];
  // Koa would parse an empty query string, too.
  for (const [key, value] of ctx.search === '' ? [] : Object.entries(ctx.query)) {
    if (Array.isArray(value)) errors.push({ pointer: `/query/${key}`, message: 'must be given once' });
    else query[key] = value;
  }
  errors.push(...queryErrors(name, query));
  if (errors.length > 0) throw new ProblemError(validationProblem(errors));
  return query as Query;
}

/**
 * Throws ProblemError if there are query parameters. If they were ignored, the client would believe
 * that they had an effect.
 */
export function rejectQueryParameters(ctx: Context): void {
  if (ctx.search === '') return;
  const errors = Object.keys(ctx.query).map((name) => ({ pointer: `/query/${name}`, message: 'is not a known field' }));
  if (errors.length > 0) throw new ProblemError(validationProblem(errors));
}
