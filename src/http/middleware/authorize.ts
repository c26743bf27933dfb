import type { Context } from 'koa';
import type { Authenticate } from '../../access/authenticate.js';
import type { Caller } from '../../access/caller.js';
import type { Scope } from '../../access/scopes.js';
import type { Operation } from '../contract/operation.js';
import { insufficientScope, ProblemError, problem } from '../contract/problems.js';
import { callerOf, requestContext } from '../request/request-context.js';
import type { LimitRate } from './rate-limit.js';

export interface Authentication {
  readonly authenticate: Authenticate;
  /** Gives the caller of a ticket, once. Undefined: tickets are not accepted. */
  readonly redeemTicket?: ((ticket: string) => Promise<Caller | undefined>) | undefined;
}

/**
 * Authenticates the caller, counts the request against the rate limit, and checks the operation's
 * scopes. No other code checks scopes of operations. Throws ProblemError.
 */
export async function authorize(
  ctx: Context,
  { access, unlimited, acceptsTicket }: Operation,
  { authenticate, redeemTicket }: Authentication,
  limitRate: LimitRate | undefined,
): Promise<void> {
  const authorization = ctx.req.headers.authorization ?? '';
  const ticket = acceptsTicket && authorization === '' && redeemTicket ? ctx.query.ticket : undefined;
  const result =
    access === 'public'
      ? undefined
      : typeof ticket === 'string'
        ? ((await redeemTicket?.(ticket)) ?? { rejected: 'The ticket is unknown, was used, or has expired.' })
        : await authenticate(authorization);
  const caller = result && !('rejected' in result) ? result : undefined;
  // Counted before the request can be rejected, so that guessing keys is limited, too.
  if (limitRate && !unlimited) await limitRate(ctx, caller);
  if (result && 'rejected' in result) {
    const error = authorization === '' ? '' : ' error="invalid_token"';
    throw new ProblemError(problem('unauthenticated', result.rejected), { 'www-authenticate': `Bearer${error}` });
  }
  requestContext(ctx).caller = caller;
  if (access !== 'public' && !access.some((scope) => caller?.scopes.has(scope))) throw insufficientScope(access);
}

/**
 * The user whose orders are the only ones that the caller may read. Undefined if the caller has one
 * of the scopes that read the orders of all users.
 */
export function onlyUser(ctx: Context, readsAll: readonly Scope[] = ['orders:read']): string | undefined {
  const { scopes, subject } = callerOf(ctx);
  return readsAll.some((scope) => scopes.has(scope)) ? undefined : subject;
}
