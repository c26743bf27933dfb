import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { Caller } from './caller.js';
import { IssuerUnavailable } from './issuer-unavailable.js';
import { accessLimits as limits } from './limits.js';
import { isScope } from './scopes.js';

/** The JSON Web Tokens (RFC 7519) that are accepted. */
export interface TokenRules {
  /** The address of the issuer's published keys (RFC 7517). */
  readonly jwksUrl: string;
  readonly issuer: string;
  readonly audience: string;
  /** Asymmetric algorithms only: with a symmetric one, the published key could sign tokens. */
  readonly algorithms: readonly string[];
}

/**
 * Gives the caller of a valid token, or the reason why it is not valid. Throws IssuerUnavailable.
 */
export type VerifyToken = (token: string) => Promise<Caller | { readonly rejected: string }>;

export function createTokenVerifier(rules: TokenRules): VerifyToken {
  const keys: JWTVerifyGetKey = createRemoteJWKSet(new URL(rules.jwksUrl), {
    cacheMaxAge: limits.jwksMaxAgeMs,
    cooldownDuration: limits.jwksCooldownMs,
    timeoutDuration: limits.jwksTimeoutMs,
  });
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: rules.issuer,
        audience: rules.audience,
        algorithms: [...rules.algorithms],
        requiredClaims: ['sub', 'exp'],
        clockTolerance: limits.clockToleranceSeconds,
      });
      const subject = payload.sub ?? '';
      if (subject === '' || subject.length > limits.maxSubjectLength)
        return { rejected: 'its subject is empty or too long' };
      return { subject, scopes: new Set(scopesOf(payload.scope ?? payload.scp).filter(isScope)) };
    } catch (error) {
      const rejected = reasonOf(error);
      if (rejected === undefined) {
        throw new IssuerUnavailable(`The token issuer’s keys could not be read: ${String(error)}`, { cause: error });
      }
      return { rejected };
    }
  };
}

/**
 * The scopes of a token: one string, separated by spaces (RFC 8693, 4.2). Some issuers send a list.
 */
function scopesOf(claim: unknown): string[] {
  if (typeof claim === 'string') return claim.split(' ');
  return Array.isArray(claim) ? claim.filter((one) => typeof one === 'string') : [];
}

/** The reason why a token is not valid. Undefined if the error has another cause than the token. */
function reasonOf(error: unknown): string | undefined {
  if (error instanceof errors.JWTExpired) return 'it has expired';
  if (error instanceof errors.JWTClaimValidationFailed)
    return `its claim ${error.claim} is missing or has the wrong value`;
  if (error instanceof errors.JWKSNoMatchingKey) return 'the issuer has no key with its key id';
  if (error instanceof errors.JWKSMultipleMatchingKeys) return 'it has no key id, and the issuer has several keys';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'its algorithm is not allowed';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature is wrong';
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) return 'it is not a JSON Web Token';
  if (error instanceof errors.JOSENotSupported) return 'it uses a feature that this service does not support';
  return undefined;
}
