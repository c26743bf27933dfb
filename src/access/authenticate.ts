import { type ApiKeys, looksLikeApiKey } from './api-keys.js';
import type { VerifyToken } from './bearer-tokens.js';
import { anonymous, type Caller } from './caller.js';
import { accessLimits as limits } from './limits.js';

/**
 * Tells from a request's Authorization header (RFC 6750, 2.1) who calls, or in words why that can't be told.
 * Rejects with IssuerUnavailable, or with the database's error for a key that this process does not know.
 */
export type Authenticate = (authorization: string) => Promise<Caller | { readonly refused: string }>;

/** Where no access control is configured, everybody is anonymous and may do everything. */
export const authenticateNobody: Authenticate = async () => anonymous;

/** @param verifyToken undefined where no issuer of tokens is configured: then only API keys are taken. */
export function createAuthenticate(apiKeys: Pick<ApiKeys, 'find'>, verifyToken: VerifyToken | undefined): Authenticate {
  return async (authorization) => {
    if (authorization === '') return { refused: 'The request has no Authorization header.' };
    const token = /^Bearer ([\w.~+/=-]+)$/i.exec(authorization)?.[1];
    if (token === undefined || token.length > limits.maxTokenLength) {
      return { refused: 'The Authorization header is not “Bearer” and an API key or a token.' };
    }
    if (looksLikeApiKey(token)) {
      return (await apiKeys.find(token)) ?? { refused: 'The API key is unknown, expired or revoked.' };
    }
    if (!verifyToken) return { refused: 'The token is no API key, and no issuer of other tokens is configured.' };
    const found = await verifyToken(token);
    return 'refused' in found ? { refused: `The token is refused: ${found.refused}.` } : found;
  };
}
