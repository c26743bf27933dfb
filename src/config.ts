import { existsSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { join, resolve } from 'node:path';
import { currencyExponent } from './orders/values/currency.js';

/** What the service is told by its environment. Every variable is in .env.example. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** Undefined: an embedded PostgreSQL in dataDir. */
  readonly databaseUrl: string | undefined;
  /** The owner's connection, for migrations; by default the same as databaseUrl. */
  readonly migrationDatabaseUrl: string | undefined;
  /** Undefined: an embedded Redis in dataDir. */
  readonly redisUrl: string | undefined;
  readonly dataDir: string;
  /** Ed25519 keys, PEM: the first signs checkpoints. Empty: nothing is signed. */
  readonly signingKeyFiles: readonly string[];
  /** Whether the signing key is the embedded default's own, which the service makes when there is none yet. */
  readonly ownSigningKey: boolean;
  /** The master key of personal data: 32 bytes in base64. Undefined: personal data is not sealed. */
  readonly personalDataKeyFile: string | undefined;
  readonly roles: ReadonlySet<Role>;
  /** For a new log; an existing one keeps its own. */
  readonly partitions: number;
  readonly defaultCurrency: string;
  readonly poolSize: number;
  readonly shutdownTimeoutMs: number;
  /** How long a stopping service still takes requests after it has said that it is not ready: balancers need a moment. */
  readonly shutdownDelayMs: number;
  /** Whether callers have to say who they are. */
  readonly authRequired: boolean;
  /** Undefined: no JSON Web Tokens are taken, API keys alone. */
  readonly tokens: TokenConfig | undefined;
  /** For each caller; 0: no limit. */
  readonly requestsPerMinute: number;
  /** Addresses and CIDR ranges whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  readonly corsOrigins: readonly string[];
  /** Whether webhooks may go to private networks, and by plain http. */
  readonly webhooksAllowPrivate: boolean;
  readonly logLevel: string;
}

/** The issuer of the JSON Web Tokens that are taken. */
export interface TokenConfig {
  readonly jwksUrl: string;
  readonly issuer: string;
  readonly audience: string;
  readonly algorithms: readonly string[];
}

/** Asymmetric ones only: with a symmetric algorithm, who knows the published key could sign. */
const tokenAlgorithms = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'];

export const roles = ['api', 'projector'] as const;
export type Role = (typeof roles)[number];

/** A variable of the environment has a value that can't be used. */
export class ConfigError extends Error {
  constructor(variable: string, expected: string) {
    super(`${variable} ${expected}`);
    this.name = 'ConfigError';
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads and checks the environment. Throws ConfigError, which names the variable and what it has to be. */
export function readConfig(env: Environment): Config {
  const host = env.HOST || '127.0.0.1';
  const tokens = tokenConfig(env);
  const authRequired = oneOf(env, 'ORDERS_AUTH', ['none', 'required'], tokens ? 'required' : 'none') === 'required';
  if (tokens && !authRequired) throw new ConfigError('ORDERS_AUTH', 'is none, and ORDERS_JWKS_URL is set: choose one');
  if (!isLoopback(host) && !authRequired) {
    throw new ConfigError(
      'HOST',
      `is ${host}, where others can reach the service, and no access control is configured: listen on 127.0.0.1, or set ` +
        'ORDERS_AUTH=required and make a key: orders keys create',
    );
  }
  const dataDir = resolve(env.ORDERS_DATA_DIR || '.data');
  return {
    host,
    port: integer(env, 'PORT', 3000, 0, 65_535),
    databaseUrl: url(env, 'DATABASE_URL', ['postgres:', 'postgresql:']),
    migrationDatabaseUrl: url(env, 'MIGRATION_DATABASE_URL', ['postgres:', 'postgresql:']),
    redisUrl: url(env, 'REDIS_URL', ['redis:', 'rediss:']),
    dataDir,
    ...signingKey(env, dataDir),
    personalDataKeyFile: env.ORDERS_PERSONAL_DATA_KEY_FILE ? resolve(env.ORDERS_PERSONAL_DATA_KEY_FILE) : undefined,
    roles: roleSet(env.ORDERS_ROLES),
    partitions: integer(env, 'ORDERS_PARTITIONS', 16, 1, 1024),
    defaultCurrency: currency(env.ORDERS_DEFAULT_CURRENCY || 'USD'),
    poolSize: integer(env, 'ORDERS_PG_POOL_SIZE', 10, 2, 200),
    shutdownTimeoutMs: integer(env, 'ORDERS_SHUTDOWN_TIMEOUT_MS', 10_000, 100, 600_000),
    shutdownDelayMs: integer(env, 'ORDERS_SHUTDOWN_DELAY_MS', 0, 0, 600_000),
    logLevel: logLevel(env.LOG_LEVEL || 'info'),
    authRequired,
    tokens,
    requestsPerMinute: integer(env, 'ORDERS_RATE_LIMIT_PER_MINUTE', authRequired ? 60_000 : 0, 0, 100_000_000),
    trustedProxies: words(env.ORDERS_TRUSTED_PROXIES),
    corsOrigins: words(env.ORDERS_CORS_ORIGINS).map(origin),
    webhooksAllowPrivate: oneOf(env, 'ORDERS_WEBHOOKS_ALLOW_PRIVATE', ['no', 'yes'], 'no') === 'yes',
  };
}

function tokenConfig(env: Environment): TokenConfig | undefined {
  const jwksUrl = url(env, 'ORDERS_JWKS_URL', ['https:', 'http:']);
  if (jwksUrl === undefined) return undefined;
  const { hostname, protocol } = new URL(jwksUrl);
  if (protocol === 'http:' && !isLoopback(hostname)) {
    throw new ConfigError(
      'ORDERS_JWKS_URL',
      'has to be an https URL: who can change the keys on the way can make tokens',
    );
  }
  const required = (name: string): string => {
    const value = env[name];
    if (value) return value;
    throw new ConfigError(
      name,
      'has to be set with ORDERS_JWKS_URL: tokens for somebody else would be taken otherwise',
    );
  };
  const given = words(env.ORDERS_JWT_ALGORITHMS);
  const unknown = given.find((one) => !tokenAlgorithms.includes(one));
  if (unknown !== undefined) {
    throw new ConfigError('ORDERS_JWT_ALGORITHMS', `has to be of ${tokenAlgorithms.join(', ')}, not "${unknown}"`);
  }
  return {
    jwksUrl,
    issuer: required('ORDERS_JWT_ISSUER'),
    audience: required('ORDERS_JWT_AUDIENCE'),
    algorithms: given.length > 0 ? given : tokenAlgorithms,
  };
}

/** Words separated by commas. */
function words(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean);
}

function origin(text: string): string {
  if (URL.canParse(text) && new URL(text).origin === text) return text;
  throw new ConfigError('ORDERS_CORS_ORIGINS', `has to be origins such as https://shop.example, not "${text}"`);
}

function oneOf(env: Environment, name: string, values: readonly string[], byDefault: string): string {
  const text = env[name] || byDefault;
  if (values.includes(text)) return text;
  throw new ConfigError(name, `has to be ${values.join(' or ')}, not "${text}"`);
}

/** The embedded default has a key of its own, made when it is first needed. */
function signingKey(env: Environment, dataDir: string): Pick<Config, 'signingKeyFiles' | 'ownSigningKey'> {
  const given = words(env.ORDERS_SIGNING_KEY_FILES).map((file) => resolve(file));
  if (given.length > 0 || env.DATABASE_URL) return { signingKeyFiles: given, ownSigningKey: false };
  return { signingKeyFiles: [join(dataDir, 'checkpoint-signing-key.pem')], ownSigningKey: true };
}

/** Adds the variables of a .env file in the working directory; what the environment has already stays as it is. */
export function loadEnvFile(): void {
  if (existsSync('.env')) process.loadEnvFile('.env');
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

function integer(env: Environment, name: string, byDefault: number, min: number, max: number): number {
  const text = env[name];
  if (text === undefined || text === '') return byDefault;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) {
    throw new ConfigError(name, `has to be a whole number from ${min} to ${max}, not "${text}"`);
  }
  return value;
}

/** The value is never repeated in an error: it may hold a password. */
function url(env: Environment, name: string, protocols: readonly string[]): string | undefined {
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  if (!URL.canParse(text) || !protocols.includes(new URL(text).protocol)) {
    throw new ConfigError(name, `has to be a URL that begins with ${protocols.map((one) => `${one}//`).join(' or ')}`);
  }
  return text;
}

/** The roles of a process, from "api,projector"; all by default. */
export function roleSet(text: string | undefined): ReadonlySet<Role> {
  if (!text) return new Set(roles);
  const given = text.split(',').map((one) => one.trim());
  const known = roles.filter((role) => given.includes(role));
  if (known.length !== new Set(given).size) {
    throw new ConfigError('ORDERS_ROLES', `has to be one or more of ${roles.join(',')}, not "${text}"`);
  }
  return new Set(known);
}

function currency(code: string): string {
  if (currencyExponent(code) !== undefined) return code;
  throw new ConfigError('ORDERS_DEFAULT_CURRENCY', `has to be an ISO 4217 currency code, not "${code}"`);
}

function logLevel(level: string): string {
  const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
  if (levels.includes(level)) return level;
  throw new ConfigError('LOG_LEVEL', `has to be one of ${levels.join(', ')}, not "${level}"`);
}
