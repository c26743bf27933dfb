import { type Scope, scopes } from './scopes.js';

/** Who calls, and what they may do. */
export interface Caller {
  /** The actor in the events of what the caller does, and the user whose orders `orders:read:own` shows. */
  readonly subject: string;
  readonly scopes: ReadonlySet<Scope>;
}

/** Everybody, where no access control is configured: the service then listens on loopback only. */
export const anonymous: Caller = { subject: 'anonymous', scopes: new Set(scopes) };
