import type { Context } from 'koa';
import { canonicalUuid, isUuid } from '../../orders/values/uuid.js';
import { ProblemError, validationProblem } from '../contract/problems.js';

/** The id of an API key in the path. Throws ProblemError if it does not have the form of one. */
export function keyIdParameter(ctx: Context): string {
  const text = String(ctx.params.key_id);
  if (/^[0-9a-z]{12}$/.test(text)) return text;
  throw new ProblemError(
    validationProblem([{ pointer: '/path/key_id', message: 'must have 12 letters and digits, as in GET /keys' }]),
  );
}

/** The UUID in a path parameter, in lower case. Throws ProblemError if it is not a UUID. */
export function uuidParameter(ctx: Context, name: 'order_id' | 'webhook_id' | 'run_id'): string {
  const text = String(ctx.params[name]);
  if (isUuid(text)) return canonicalUuid(text);
  throw new ProblemError(validationProblem([{ pointer: `/path/${name}`, message: 'must be a UUID' }]));
}
