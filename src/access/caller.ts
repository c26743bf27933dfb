import { actorNames } from '../orders/values/own-actors.js';
import { type Scope, scopes } from './scopes.js';

/** How long a caller's authority lasts: with the API key, until a time, or for ever. */
export type Credential =
  | { readonly kind: 'key'; readonly id: string }
  | { readonly kind: 'token'; readonly validUntilMs: number }
  | { readonly kind: 'none' };

/** An authenticated client, and its permissions. */
export interface Caller {
  /** The actor in the events of the caller's commands, and the user for `orders:read:own`. */
  readonly subject: string;
  readonly scopes: ReadonlySet<Scope>;
  readonly credential: Credential;
  /**
   * Whether the key or token still permits this: false once it has expired or was revoked. Costs no
   * I/O, so a long request can ask repeatedly.
   */
  readonly isAuthorized: () => boolean;
}

/** Every caller of a service without access control, which listens on loopback only. */
export const anonymous: Caller = {
  subject: actorNames.anonymous,
  scopes: new Set(scopes),
  credential: { kind: 'none' },
  isAuthorized: () => true,
};
