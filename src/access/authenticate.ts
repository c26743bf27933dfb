import { type ApiKeys, looksLikeApiKey } from './api-keys.js';
import type { VerifyToken } from './bearer-tokens.js';
import { anonymous, type Caller } from './caller.js';
import { accessLimits as limits } from './limits.js';

/**
 * Authenticates a request by its Authorization header (RFC 6750, 2.1). `rejected` is the reason, as
 * a sentence for the client. Throws IssuerUnavailable, or the database's error if an API key that
 * this process does not know cannot be looked up.
 */
export type Authenticate = (authorization: string) => Promise<Caller | { readonly rejected: string }>;

/** Without access control, every caller is anonymous and has every scope. */
export const authenticateNobody: Authenticate = async () => anonymous;

/**
 * @param verifyToken undefined if no token issuer is configured; then only API keys are accepted.
 */
export function createAuthenticate(apiKeys: Pick<ApiKeys, 'find'>, verifyToken: VerifyToken | undefined): Authenticate {
  return async (authorization) => {
    if (authorization === '') return { rejected: 'The request has no Authorization header.' };
    const token = /^Bearer ([\w.~+/=-]+)$/i.exec(authorization)?.[1];
    if (token === undefined || token.length > limits.maxTokenLength) {
      return { rejected: 'The Authorization header must be “Bearer”, followed by an API key or a token.' };
    }
    if (looksLikeApiKey(token)) {
      return (await apiKeys.find(token)) ?? { rejected: 'The API key is unknown, expired or revoked.' };
    }
    if (!verifyToken) return { rejected: 'The token is not an API key, and no token issuer is configured.' };
    const verified = await verifyToken(token);
    return 'rejected' in verified ? { rejected: `The token is not valid: ${verified.rejected}.` } : verified;
  };
}
