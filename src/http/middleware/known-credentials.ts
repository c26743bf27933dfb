import { hash } from 'node:crypto';
import { httpLimits as limits } from '../limits.js';

/**
 * Remembers which credentials were accepted lately, and whose they are. Requests with other
 * credentials are counted by their address before anything costly is done to check them, so that
 * invented keys cannot use up what callers need.
 */
export class KnownCredentials {
  readonly #accepted = new Map<string, { readonly owner: string; readonly untilMs: number }>();

  /** The owner of the credentials; undefined if they were not accepted lately. */
  ownerOf(authorization: string): string | undefined {
    if (authorization === '') return undefined;
    const found = this.#accepted.get(nameOf(authorization));
    return found && found.untilMs > performance.now() ? found.owner : undefined;
  }

  accept(authorization: string, owner: string): void {
    if (this.#accepted.size >= limits.maxKnownCredentials) this.#accepted.clear();
    const untilMs = performance.now() + limits.knownCredentialsMs;
    this.#accepted.set(nameOf(authorization), { owner, untilMs });
  }

  forget(authorization: string): void {
    this.#accepted.delete(nameOf(authorization));
  }
}

/** API keys are short enough to be kept as they are; tokens are not. */
function nameOf(authorization: string): string {
  return authorization.length <= 128 ? authorization : hash('sha256', authorization, 'base64');
}
