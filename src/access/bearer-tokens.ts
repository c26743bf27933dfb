import { errors, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose';
import { isWellFormed } from '../well-formed-text.js';
import type { Caller } from './caller.js';
import { IssuerUnavailable } from './issuer-unavailable.js';
import { accessLimits as limits } from './limits.js';
import { actorOf, type ClaimRules, claim, scopesOf } from './token-claims.js';

/** The JSON Web Tokens (RFC 7519) that are accepted. */
export interface TokenRules extends ClaimRules {
  readonly issuer: string;
  /** Values of which the audience claim must have one. */
  readonly audience: readonly string[];
  /** Asymmetric algorithms only: with a symmetric one, the published key could sign tokens. */
  readonly algorithms: readonly string[];
}

/**
 * Gives the caller of a valid token, or the reason why it is not valid. Throws IssuerUnavailable.
 */
export type VerifyToken = (token: string) => Promise<Caller | { readonly rejected: string }>;

/** @param keyOf finds the issuer's key for a token. */
export function createTokenVerifier(rules: TokenRules, keyOf: JWTVerifyGetKey): VerifyToken {
  const options: JWTVerifyOptions = {
    issuer: rules.issuer,
    algorithms: [...rules.algorithms],
    requiredClaims: ['exp'],
    clockTolerance: limits.clockToleranceSeconds,
  };
  return async (token) => {
    try {
      return callerOf(await verify(token, keyOf, options), rules);
    } catch (error) {
      const rejected = reasonOf(error);
      if (rejected !== undefined) return { rejected };
      throw error instanceof IssuerUnavailable
        ? error
        : new IssuerUnavailable('a key of the token issuer could not be used', { cause: error });
    }
  };
}

/** The claims of a token. If it names no key, each of the issuer's keys that fit is tried. */
async function verify(token: string, keyOf: JWTVerifyGetKey, options: JWTVerifyOptions): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, keyOf, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (failure) {
        if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

function callerOf(payload: JWTPayload, rules: TokenRules): Caller | { readonly rejected: string } {
  const audience = claim(payload, rules.audienceClaim);
  const audiences: readonly unknown[] = Array.isArray(audience) ? audience : [audience];
  if (!rules.audience.some((one) => audiences.includes(one))) return { rejected: wrongClaim(rules.audienceClaim) };
  const subject = claim(payload, rules.subjectClaim);
  if (typeof subject !== 'string') return { rejected: wrongClaim(rules.subjectClaim) };
  if (subject === '' || subject.length > limits.maxSubjectLength)
    return { rejected: 'its subject is empty or too long' };
  if (!isWellFormed(subject)) return { rejected: 'its subject is not well-formed Unicode, or has a U+0000' };
  const validUntilMs = Math.min(((payload.exp ?? 0) + limits.clockToleranceSeconds) * 1000, endOfTimeMs);
  return {
    subject: actorOf(subject),
    scopes: scopesOf(payload, rules),
    credential: { kind: 'token', validUntilMs },
    isAuthorized: () => Date.now() < validUntilMs,
  };
}

/** The last millisecond of the year 9999. Some issuers write a later `exp` for "never". */
const endOfTimeMs = 253_402_300_799_999;

function wrongClaim(name: string): string {
  return `its claim ${name} is missing or has the wrong value`;
}

/** The reason why a token is not valid. Undefined if the error has another cause than the token. */
function reasonOf(error: unknown): string | undefined {
  if (error instanceof errors.JWTExpired) return 'it has expired';
  if (error instanceof errors.JWTClaimValidationFailed) return wrongClaim(error.claim);
  if (error instanceof errors.JWKSNoMatchingKey) return 'the issuer has no key with its key id';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'its algorithm is not allowed';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature is wrong';
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) return 'it is not a JSON Web Token';
  if (error instanceof errors.JOSENotSupported) return 'it uses a feature that this service does not support';
  return undefined;
}
