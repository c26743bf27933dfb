import type { Context } from 'koa';
import { canonicalUuid, isUuid } from '../../orders/values/uuid.js';
import { ProblemError, validationProblem } from '../contract/problems.js';

/** The UUID in a path parameter, in lower case. Throws ProblemError if it is not a UUID. */
export function uuidParameter(ctx: Context, name: 'order_id' | 'webhook_id'): string {
  const text = String(ctx.params[name]);
  if (isUuid(text)) return canonicalUuid(text);
  throw new ProblemError(validationProblem([{ pointer: `/path/${name}`, message: 'must be a UUID' }]));
}
