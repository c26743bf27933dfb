import type { JWTPayload } from 'jose';
import { actorNames, isOwnActor } from '../orders/values/own-actors.js';
import { isScope, type Scope } from './scopes.js';

/** Names the claims with a token's audience, subject and scopes. docs/access.md has a table. */
export interface ClaimRules {
  /** The claim with the audience: `aud`, or one that the issuer has in its place. */
  readonly audienceClaim: string;
  readonly subjectClaim: string;
  /** The claims with the scopes: words in one text, or a list. All that a token has are used. */
  readonly scopeClaims: readonly string[];
  /** The beginning of the names of scopes. Names without it are ignored. May be empty. */
  readonly scopePrefix: string;
  /** Names of the issuer, such as roles, with the scopes that they stand for. */
  readonly scopeMap: ReadonlyMap<string, readonly Scope[]>;
}

/**
 * The subject of a token as an actor. A subject that is the name of one of the service's own actors
 * gets a prefix: it would otherwise act under that name and share its Idempotency-Keys. All other
 * subjects stay as they are, for ever: order ids are derived from them.
 */
export function actorOf(subject: string): string {
  return isOwnActor(subject) ? actorNames.tokenPrefix + subject : subject;
}

/** A claim by its name, or by a path with dots: `realm_access.roles`. */
export function claim(payload: JWTPayload, name: string): unknown {
  if (Object.hasOwn(payload, name)) return payload[name];
  let value: unknown = payload;
  for (const part of name.split('.')) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

/** The scopes of a token. Names that mean nothing to this service are ignored. */
export function scopesOf(payload: JWTPayload, rules: ClaimRules): ReadonlySet<Scope> {
  const found = new Set<Scope>();
  for (const name of rules.scopeClaims.flatMap((one) => words(claim(payload, one)))) {
    for (const scope of rules.scopeMap.get(name) ?? []) found.add(scope);
    const bare = name.slice(rules.scopePrefix.length);
    if (name.startsWith(rules.scopePrefix) && isScope(bare)) found.add(bare);
  }
  return found;
}

/** The words of a text, separated by spaces (RFC 8693, 4.2), or the texts of a list. */
function words(value: unknown): string[] {
  if (typeof value === 'string') return value.split(' ').filter(Boolean);
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}
