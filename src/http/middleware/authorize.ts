import type { Context } from 'koa';
import { anonymous, type Caller } from '../../access/caller.js';
import type { Scope } from '../../access/scopes.js';
import type { Operation } from '../contract/operation.js';
import { insufficientScope, ProblemError, problem } from '../contract/problems.js';
import { callerOf, requestContext } from '../request/request-context.js';
import { type Admission, addressOwner } from './admission.js';

/**
 * Authenticates the caller, counts the request against the rate limit, and checks the operation's
 * scopes. No other code checks scopes of operations. Throws ProblemError, or Overloaded if too many
 * unknown credentials are being looked up.
 */
export async function authorize(
  ctx: Context,
  { access, unlimited, acceptsTicket }: Operation,
  admission: Admission,
): Promise<void> {
  if (access === 'public' && unlimited) return;
  const { limitRate, addresses, knownCredentials, pending } = admission;
  const context = requestContext(ctx);
  const address = addressOwner(addresses, ctx.req);
  context.owner = address;
  const authorization = ctx.req.headers.authorization ?? '';
  if (access === 'public') {
    if (limitRate) await limitRate(ctx, address);
    return;
  }
  const ticket = acceptsTicket && authorization === '' ? ctx.query.ticket : undefined;
  const isKnown = knownCredentials.ownerOf(authorization) !== undefined;
  const isLookedUp = typeof ticket === 'string' || (authorization !== '' && !isKnown);
  // Looking up unknown credentials is costly, and anybody can invent them: an address that has used
  // up its limit is rejected first.
  if (isLookedUp && limitRate) await limitRate(ctx, address, 'check');
  const authenticate = () => authenticated(admission, authorization, ticket);
  const result = await (isLookedUp ? pending.run(address, authenticate) : authenticate());
  if ('rejected' in result) {
    if (isKnown) knownCredentials.forget(authorization);
    // Rejected requests are counted, too: that limits guessing.
    if (limitRate) await limitRate(ctx, address);
    const error = authorization === '' ? '' : ' error="invalid_token"';
    throw new ProblemError(problem('unauthenticated', result.rejected), { 'www-authenticate': `Bearer${error}` });
  }
  context.caller = result;
  // Without access control, each address is an owner.
  if (result !== anonymous) {
    context.owner = `caller:${result.subject}`;
    if (!isKnown && authorization !== '') knownCredentials.accept(authorization, context.owner);
  }
  if (limitRate) await limitRate(ctx, context.owner);
  if (!access.some((scope) => result.scopes.has(scope))) throw insufficientScope(access);
}

async function authenticated(
  { authenticate, redeemTicket }: Admission,
  authorization: string,
  ticket: string | readonly string[] | undefined,
): Promise<Caller | { readonly rejected: string }> {
  if (typeof ticket !== 'string' || !redeemTicket) return authenticate(authorization);
  return (await redeemTicket(ticket)) ?? { rejected: 'The ticket is unknown, was used, or has expired.' };
}

/**
 * The user whose orders are the only ones that the caller may read. Undefined if the caller has one
 * of the scopes that read the orders of all users.
 */
export function onlyUser(ctx: Context, readsAll: readonly Scope[] = ['orders:read']): string | undefined {
  const { scopes, subject } = callerOf(ctx);
  return readsAll.some((scope) => scopes.has(scope)) ? undefined : subject;
}
