import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { Caller } from './caller.js';
import { IssuerUnavailable } from './issuer-unavailable.js';
import { accessLimits as limits } from './limits.js';
import { isScope } from './scopes.js';

/** Which JSON Web Tokens (RFC 7519) are taken. */
export interface TokenRules {
  /** Where the issuer publishes its keys (RFC 7517). */
  readonly jwksUrl: string;
  readonly issuer: string;
  readonly audience: string;
  /** Asymmetric algorithms only: with a symmetric one, the published key would sign. */
  readonly algorithms: readonly string[];
}

/** Tells whose token it is, or why it is not taken. Rejects with IssuerUnavailable. */
export type VerifyToken = (token: string) => Promise<Caller | { readonly refused: string }>;

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
        return { refused: 'its subject is empty or too long' };
      return { subject, scopes: new Set(scopesOf(payload.scope ?? payload.scp).filter(isScope)) };
    } catch (error) {
      const refused = reasonOf(error);
      if (refused === undefined)
        throw new IssuerUnavailable(`the token issuer’s keys: ${String(error)}`, { cause: error });
      return { refused };
    }
  };
}

/** RFC 8693, 4.2: a string of words; some issuers send a list. */
function scopesOf(claim: unknown): string[] {
  if (typeof claim === 'string') return claim.split(' ');
  return Array.isArray(claim) ? claim.filter((one) => typeof one === 'string') : [];
}

/** Why a token is refused; undefined where it was not the token’s fault. */
function reasonOf(error: unknown): string | undefined {
  if (error instanceof errors.JWTExpired) return 'it has expired';
  if (error instanceof errors.JWTClaimValidationFailed) return `its claim ${error.claim} is not as it has to be`;
  if (error instanceof errors.JWKSNoMatchingKey) return 'its key is not among the issuer’s';
  if (error instanceof errors.JWKSMultipleMatchingKeys) return 'it names no key, and the issuer has several';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'its algorithm is not allowed';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature does not hold';
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) return 'it is no JSON Web Token';
  if (error instanceof errors.JOSENotSupported) return 'it uses what this service does not support';
  return undefined;
}
