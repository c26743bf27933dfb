import { isScope, type Scope, scopes } from '../access/scopes.js';
import { ConfigError, type Environment, integer, isLoopback, list, origins, someOf, url } from '../environment.js';

/** The issuer whose JSON Web Tokens are accepted. */
export interface TokenConfig {
  readonly jwksUrl: string;
  /** How long the issuer's keys are used while they cannot be read again. */
  readonly jwksKeepMs: number;
  readonly issuer: string;
  /** Values of which a token must have one. */
  readonly audience: readonly string[];
  readonly algorithms: readonly string[];
  readonly audienceClaim: string;
  readonly subjectClaim: string;
  readonly scopeClaims: readonly string[];
  readonly scopePrefix: string;
  /** Names that an issuer uses in place of scopes, by name. */
  readonly scopeMap: ReadonlyMap<string, readonly Scope[]>;
  /** How people sign in to the console at the issuer. Undefined: with API keys alone. */
  readonly signIn: SignInConfig | undefined;
}

/** The console as a public client of the issuer (OpenID Connect, authorization code with PKCE). */
export interface SignInConfig {
  readonly issuer: string;
  readonly clientId: string;
  readonly scope: string;
  readonly audience: string | undefined;
  readonly origins: readonly string[];
}

/**
 * All asymmetric algorithms of jose. With a symmetric one, everybody who has the published key
 * could sign tokens.
 */
const tokenAlgorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
  ...['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'],
];
const defaultTokenAlgorithms = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519'];

/** Throws a ConfigError. */
export function readTokenConfig(env: Environment): TokenConfig | undefined {
  const jwksUrl = url(env, 'ORDERS_JWKS_URL', ['https:', 'http:']);
  if (jwksUrl === undefined) {
    // Without the address of the keys these variables have no effect, and access control could be
    // off by mistake.
    const unused = ['ORDERS_JWT_ISSUER', 'ORDERS_JWT_AUDIENCE', 'ORDERS_CONSOLE_CLIENT_ID'].find((name) => env[name]);
    if (unused !== undefined) throw new ConfigError(unused, 'is set, but ORDERS_JWKS_URL is not: set it too');
    return undefined;
  }
  const { hostname, protocol } = new URL(jwksUrl);
  if (protocol === 'http:' && !isLoopback(hostname)) {
    throw new ConfigError(
      'ORDERS_JWKS_URL',
      'must be an https URL: over plain http, an attacker could replace the keys and sign tokens',
    );
  }
  const required = (name: string): string => {
    const value = env[name];
    if (value) return value;
    throw new ConfigError(
      name,
      'must be set if ORDERS_JWKS_URL is set: otherwise tokens that were issued for other services would be accepted',
    );
  };
  const issuer = required('ORDERS_JWT_ISSUER');
  required('ORDERS_JWT_AUDIENCE');
  return {
    jwksUrl,
    jwksKeepMs: 1000 * integer(env, 'ORDERS_JWKS_KEEP_SECONDS', 86_400, 600, 31_536_000),
    issuer,
    audience: list(env, 'ORDERS_JWT_AUDIENCE'),
    algorithms: env.ORDERS_JWT_ALGORITHMS
      ? someOf(env, 'ORDERS_JWT_ALGORITHMS', tokenAlgorithms)
      : defaultTokenAlgorithms,
    audienceClaim: env.ORDERS_JWT_AUDIENCE_CLAIM || 'aud',
    subjectClaim: env.ORDERS_JWT_SUBJECT_CLAIM || 'sub',
    scopeClaims: env.ORDERS_JWT_SCOPE_CLAIMS ? list(env, 'ORDERS_JWT_SCOPE_CLAIMS') : ['scope', 'scp'],
    scopePrefix: env.ORDERS_JWT_SCOPE_PREFIX ?? '',
    scopeMap: scopeMap(env),
    signIn: readSignInConfig(env, issuer),
  };
}

function readSignInConfig(env: Environment, issuer: string): SignInConfig | undefined {
  const clientId = env.ORDERS_CONSOLE_CLIENT_ID;
  if (!clientId) return undefined;
  if (!URL.canParse(issuer)) {
    throw new ConfigError('ORDERS_CONSOLE_CLIENT_ID', `needs an ORDERS_JWT_ISSUER that is a URL, not "${issuer}"`);
  }
  return {
    issuer,
    clientId,
    scope: env.ORDERS_CONSOLE_SCOPE || 'openid',
    audience: env.ORDERS_CONSOLE_AUDIENCE || undefined,
    origins: [new URL(issuer).origin, ...origins(env, 'ORDERS_CONSOLE_ORIGINS')],
  };
}

/** Reads `name=scope scope,name=scope`. */
function scopeMap(env: Environment): ReadonlyMap<string, readonly Scope[]> {
  return new Map(
    list(env, 'ORDERS_JWT_SCOPE_MAP').map((entry) => {
      const [name = '', words = '', ...others] = entry.split('=').map((part) => part.trim());
      if (name === '' || words === '' || others.length > 0) {
        throw new ConfigError('ORDERS_JWT_SCOPE_MAP', `must be like clerk=orders:write orders:read, not "${entry}"`);
      }
      return [name, words.split(/\s+/).map(scopeNamed)];
    }),
  );
}

function scopeNamed(text: string): Scope {
  if (isScope(text)) return text;
  throw new ConfigError('ORDERS_JWT_SCOPE_MAP', `names "${text}": the scopes are ${scopes.join(', ')}`);
}
