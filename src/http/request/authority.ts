import type { Context } from 'koa';
import type { Caller } from '../../access/caller.js';
import { authorityLost, ProblemError } from '../contract/problems.js';
import { httpLimits as limits } from '../limits.js';
import { requestContext } from './request-context.js';

/**
 * Throws ProblemError if the caller's key or token was revoked or has expired since the request was
 * admitted. Called after a request has waited for its body, for its turn or for a position: a slow
 * body must not lead to a command whose key was revoked before the body arrived.
 */
export function assertStillAuthorized(ctx: Context): void {
  const { caller } = requestContext(ctx);
  if (caller === undefined || caller.isAuthorized()) return;
  throw new ProblemError(authorityLost(), { 'www-authenticate': 'Bearer error="invalid_token"' });
}

/**
 * Watches the authority of callers whose requests last long. A stream or a batch ends when its key
 * or token expires or is revoked: otherwise it would last as long as the connection.
 */
export class AuthorityWatch {
  readonly #watched = new Map<() => void, Caller>();
  #timer: NodeJS.Timeout | undefined;

  /**
   * Calls `onLost` once, within `authorityCheckIntervalMs` after the caller has lost the authority.
   * @returns ends the watching.
   */
  watch(caller: Caller, onLost: () => void): () => void {
    // A function of its own per call: the same one may be given twice.
    const lost = () => onLost();
    this.#watched.set(lost, caller);
    this.#timer ??= setInterval(() => this.#check(), limits.authorityCheckIntervalMs).unref();
    return () => this.#forget(lost);
  }

  #check(): void {
    for (const [lost, caller] of this.#watched) {
      if (caller.isAuthorized()) continue;
      this.#forget(lost);
      lost();
    }
  }

  #forget(lost: () => void): void {
    this.#watched.delete(lost);
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
