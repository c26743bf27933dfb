import type { IncomingMessage } from 'node:http';
import type { Context } from 'koa';
import type { Authenticate } from '../../access/authenticate.js';
import type { Caller } from '../../access/caller.js';
import type { Operation } from '../contract/operation.js';
import type { ClientAddresses } from '../request/client-address.js';
import { type Place, setPlace } from '../request/place.js';
import { ownerOf } from '../request/request-budgets.js';
import { hasBody } from '../response/discard-rest.js';
import { isAlwaysServed, type Places, placesOf } from './in-flight-requests.js';
import { KnownCredentials } from './known-credentials.js';
import { PendingAuthentications } from './pending-authentications.js';
import type { LimitRate } from './rate-limit.js';

export interface Authentication {
  readonly authenticate: Authenticate;
  /** Gives the caller of a ticket, once. Undefined: tickets are not accepted. */
  readonly redeemTicket?: ((ticket: string) => Promise<Caller | undefined>) | undefined;
}

/** Everything that decides whether a request is admitted. */
export interface Admission extends Authentication {
  /** Undefined if there is no rate limit. */
  readonly limitRate: LimitRate | undefined;
  readonly addresses: ClientAddresses;
  readonly places: Places;
  readonly knownCredentials: KnownCredentials;
  readonly pending: PendingAuthentications;
}

export function createAdmission(
  parts: Pick<Admission, 'authenticate' | 'redeemTicket' | 'limitRate' | 'addresses' | 'places'>,
): Admission {
  return { ...parts, knownCredentials: new KnownCredentials(), pending: new PendingAuthentications() };
}

/**
 * The presumed owner of a request, before authentication: the caller whose credentials were
 * accepted lately, otherwise the address. Costs one look-up, so that a flood can be rejected
 * cheaply.
 */
export function presumedOwner(
  { knownCredentials, addresses }: Pick<Admission, 'knownCredentials' | 'addresses'>,
  request: IncomingMessage,
): string {
  return knownCredentials.ownerOf(request.headers.authorization ?? '') ?? addressOwner(addresses, request);
}

export function addressOwner(addresses: ClientAddresses, request: IncomingMessage): string {
  return `address:${addresses.of(request)}`;
}

/**
 * Takes a place for a request, from the end of its body until its response begins. Throws
 * Overloaded if there is none.
 */
export function takePlace(ctx: Context, { body }: Operation, { places }: Admission): Place {
  const place = placeOf(ctx, body !== undefined, places);
  setPlace(ctx, place);
  return place;
}

function placeOf(ctx: Context, readsBody: boolean, all: Places): Place {
  if (isAlwaysServed(ctx.path)) return { leave: () => undefined, enterAgain: () => undefined };
  const owner = ownerOf(ctx);
  const places = placesOf(all, ctx.method);
  let leave: () => void = () => undefined;
  const enter = () => {
    leave = places.enter(owner);
  };
  if (!readsBody || !hasBody(ctx.req)) {
    enter();
    return { leave: () => leave(), enterAgain: enter };
  }
  if (places.refuses(owner)) throw places.overloaded();
  const onArrived = () => {
    leave = places.count(owner);
  };
  ctx.req.once('end', onArrived);
  return {
    leave: () => {
      ctx.req.off('end', onArrived);
      leave();
    },
    enterAgain: enter,
  };
}
