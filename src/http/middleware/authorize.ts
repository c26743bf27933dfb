import type { Context } from 'koa';
import type { Authenticate } from '../../access/authenticate.js';
import type { Scope } from '../../access/scopes.js';
import type { Operation } from '../contract/operation.js';
import { insufficientScope, ProblemError, problem } from '../contract/problems.js';
import { callerOf, requestContext } from '../request/request-context.js';
import type { LimitRate } from './rate-limit.js';

/** Finds out who calls, and lets nobody further who lacks the operation's scope: the one place where that is checked. */
export async function authorize(
  ctx: Context,
  { access, unlimited }: Operation,
  authenticate: Authenticate,
  limitRate: LimitRate | undefined,
): Promise<void> {
  const authorization = ctx.req.headers.authorization ?? '';
  const found = access === 'public' ? undefined : await authenticate(authorization);
  const caller = found && !('refused' in found) ? found : undefined;
  // Before anything is refused: who guesses keys is counted too.
  if (limitRate && !unlimited) await limitRate(ctx, caller);
  if (found && 'refused' in found) {
    const error = authorization === '' ? '' : ' error="invalid_token"';
    throw new ProblemError(problem('unauthenticated', found.refused), { 'www-authenticate': `Bearer${error}` });
  }
  requestContext(ctx).caller = caller;
  if (access !== 'public' && !access.some((scope) => caller?.scopes.has(scope))) throw insufficientScope(access);
}

/** Whose orders the caller may read: undefined for everybody's, otherwise those of this user alone. */
export function onlyUser(ctx: Context, readsAll: readonly Scope[] = ['orders:read']): string | undefined {
  const { scopes, subject } = callerOf(ctx);
  return readsAll.some((scope) => scopes.has(scope)) ? undefined : subject;
}
