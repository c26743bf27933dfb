import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import proxyAddr from 'proxy-addr';
import { readTokenConfig, type TokenConfig } from './config/token-config.js';
import {
  ConfigError,
  type Environment,
  integer,
  isLoopback,
  list,
  oneOf,
  origins,
  someOf,
  url,
} from './environment.js';
import { rejectAccessVariables, rejectMisspeltVariables } from './known-variables.js';
import { currencyExponent } from './orders/values/currency.js';
import { isTimeZone } from './orders/values/time-zone.js';

/** See src/read-models/redis/redis-url.ts. Each has a variant for TLS. */
const redisProtocols = ['redis', 'redis-sentinel', 'redis-cluster'].flatMap((name) => [
  `${name}:`,
  `${name.replace('redis', 'rediss')}:`,
]);

/**
 * The configuration of a process, from environment variables. .env.example explains each of them.
 */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** Undefined: an embedded PostgreSQL in dataDir. */
  readonly databaseUrl: string | undefined;
  /**
   * PostgreSQL itself, for LISTEN, advisory locks and migrations, if databaseUrl leads to a pooler
   * in transaction mode. Undefined: databaseUrl leads to no such pooler.
   */
  readonly directDatabaseUrl: string | undefined;
  /** The role of the service's sessions. */
  readonly databaseRole: string;
  /**
   * The connection of the tables' owner, for migrations. Undefined: directDatabaseUrl, or
   * databaseUrl.
   */
  readonly migrationDatabaseUrl: string | undefined;
  /** Undefined: an embedded Redis in dataDir. */
  readonly redisUrl: string | undefined;
  readonly dataDir: string;
  /**
   * Files with Ed25519 private keys (PEM). The first key signs checkpoints. Empty: nothing is
   * signed.
   */
  readonly signingKeyFiles: readonly string[];
  /**
   * Whether the signing key belongs to the embedded servers: the service creates it when it first
   * needs it.
   */
  readonly ownSigningKey: boolean;
  /**
   * File with the master key of personal data, 32 bytes in base64. Undefined: personal data is not
   * sealed.
   */
  readonly personalDataKeyFile: string | undefined;
  readonly roles: ReadonlySet<Role>;
  /** The number of partitions of a new log. An existing log keeps its own number. */
  readonly partitions: number;
  readonly defaultCurrency: string;
  /** The IANA time zone of metrics whose query names none. */
  readonly defaultTimeZone: string;
  /** Connections to PostgreSQL in the pool of this process. */
  readonly poolSize: number;
  /** Appends are refused while the clock of PostgreSQL is further behind the last event. */
  readonly maxClockBehindMs: number;
  /** How long a stopping process waits for requests in flight. */
  readonly shutdownTimeoutMs: number;
  /**
   * How long a stopping process still accepts requests after it has reported that it is not ready.
   * Load balancers need this time to notice.
   */
  readonly shutdownDelayMs: number;
  /** Whether requests need an API key or a token. */
  readonly authRequired: boolean;
  /** Undefined: JSON Web Tokens are not accepted, only API keys. */
  readonly tokens: TokenConfig | undefined;
  /** Per caller. 0: no limit. */
  readonly requestsPerMinute: number;
  /**
   * Addresses and CIDR ranges of proxies whose X-Forwarded-For and X-Forwarded-Proto are trusted.
   */
  readonly trustedProxies: readonly string[];
  /** Bits of an IPv6 address that name the network of one client. */
  readonly ipv6PrefixLength: number;
  /** Origins whose scripts may call the API. */
  readonly corsOrigins: readonly string[];
  /** Whether webhooks may use private networks and plain HTTP. */
  readonly webhooksAllowPrivate: boolean;
  readonly timeouts: Timeouts;
  /** Undefined: nothing is traced. */
  readonly tracing: TracingConfig | undefined;
  readonly logLevel: string;
}

/** The collector of traces (OTLP over HTTP), and the name of this service there. */
export interface TracingConfig {
  readonly url: string;
  readonly serviceName: string;
}

/** The time limits of requests and connections, in milliseconds. */
export interface Timeouts {
  /** Without a request on a connection. */
  readonly keepAliveMs: number;
  /** For the headers of a request to arrive. */
  readonly headersMs: number;
  /** For the body of a request to arrive; a batch has `batchIdleMs`. */
  readonly bodyMs: number;
  /** Without data of a batch. */
  readonly batchIdleMs: number;
  /** For a client to take some of a response that waits to be sent. */
  readonly responseMs: number;
}

const roles = ['api', 'projector'] as const;
const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export type Role = (typeof roles)[number];

/**
 * Reads and checks the configuration. Throws a ConfigError that names the variable and the expected
 * value.
 */
export function readConfig(env: Environment): Config {
  rejectMisspeltVariables(env);
  const host = env.HOST || '127.0.0.1';
  const tokens = readTokenConfig(env);
  const authRequired = oneOf(env, 'ORDERS_AUTH', ['none', 'required'], tokens ? 'required' : 'none') === 'required';
  if (tokens && !authRequired) {
    throw new ConfigError('ORDERS_AUTH', 'is none, but ORDERS_JWKS_URL is set: remove one of them');
  }
  if (!authRequired) {
    rejectAccessVariables(env);
    rejectEmptyChoice(env);
  }
  if (!isLoopback(host) && !authRequired) {
    throw new ConfigError(
      'HOST',
      `is ${host}, which other machines can reach, but access control is off: set HOST=127.0.0.1, or set ` +
        'ORDERS_AUTH=required and create an API key with `orders keys create`',
    );
  }
  const dataDir = resolve(env.ORDERS_DATA_DIR || '.data');
  return {
    host,
    port: integer(env, 'PORT', 3000, 0, 65_535),
    databaseUrl: url(env, 'DATABASE_URL', ['postgres:', 'postgresql:']),
    directDatabaseUrl: readDirectUrl(env),
    databaseRole: readDatabaseRole(env),
    migrationDatabaseUrl: url(env, 'MIGRATION_DATABASE_URL', ['postgres:', 'postgresql:']),
    redisUrl: url(env, 'REDIS_URL', redisProtocols),
    dataDir,
    ...readSigningKeyConfig(env, dataDir),
    personalDataKeyFile: env.ORDERS_PERSONAL_DATA_KEY_FILE ? resolve(env.ORDERS_PERSONAL_DATA_KEY_FILE) : undefined,
    roles: new Set(someOf(env, 'ORDERS_ROLES', roles)),
    partitions: integer(env, 'ORDERS_PARTITIONS', 16, 1, 1024),
    defaultCurrency: currency(env.ORDERS_DEFAULT_CURRENCY || 'USD'),
    defaultTimeZone: zone(env.ORDERS_TIME_ZONE || 'UTC'),
    poolSize: integer(env, 'ORDERS_PG_POOL_SIZE', 10, 2, 200),
    maxClockBehindMs: integer(env, 'ORDERS_MAX_CLOCK_BEHIND_MS', 60_000, 1_000, 86_400_000),
    shutdownTimeoutMs: integer(env, 'ORDERS_SHUTDOWN_TIMEOUT_MS', 10_000, 100, 600_000),
    shutdownDelayMs: integer(env, 'ORDERS_SHUTDOWN_DELAY_MS', 0, 0, 600_000),
    logLevel: oneOf(env, 'LOG_LEVEL', logLevels, 'info'),
    authRequired,
    tokens,
    requestsPerMinute: integer(env, 'ORDERS_RATE_LIMIT_PER_MINUTE', authRequired ? 60_000 : 0, 0, 100_000_000),
    trustedProxies: readTrustedProxies(env),
    ipv6PrefixLength: integer(env, 'ORDERS_CLIENT_PREFIX_LENGTH', 64, 16, 128),
    corsOrigins: origins(env, 'ORDERS_CORS_ORIGINS'),
    webhooksAllowPrivate: oneOf(env, 'ORDERS_WEBHOOKS_ALLOW_PRIVATE', ['no', 'yes'], 'no') === 'yes',
    timeouts: readTimeouts(env),
    tracing: readTracingConfig(env),
  };
}

/**
 * Throws a ConfigError if a variable that turns access control on is set, but empty, and nothing
 * says that it is meant to be off: a variable that a script did not expand would open the service.
 */
function rejectEmptyChoice(env: Environment): void {
  if (env.ORDERS_AUTH) return;
  const empty = ['ORDERS_AUTH', 'ORDERS_JWKS_URL'].find((name) => env[name] === '');
  if (empty === undefined) return;
  throw new ConfigError(empty, 'is set, but empty, and access control is off: set ORDERS_AUTH to none or required');
}

function readTracingConfig(env: Environment): TracingConfig | undefined {
  const base = url(env, 'OTEL_EXPORTER_OTLP_ENDPOINT', ['http:', 'https:']);
  if (base === undefined) return undefined;
  return { url: `${base.replace(/\/$/, '')}/v1/traces`, serviceName: env.OTEL_SERVICE_NAME || 'orders' };
}

function readTimeouts(env: Environment): Timeouts {
  return {
    keepAliveMs: integer(env, 'ORDERS_KEEP_ALIVE_TIMEOUT_MS', 65_000, 1_000, 3_600_000),
    headersMs: integer(env, 'ORDERS_HEADERS_TIMEOUT_MS', 10_000, 1_000, 600_000),
    bodyMs: integer(env, 'ORDERS_BODY_TIMEOUT_MS', 15_000, 1_000, 600_000),
    batchIdleMs: integer(env, 'ORDERS_BATCH_IDLE_TIMEOUT_MS', 90_000, 1_000, 3_600_000),
    responseMs: integer(env, 'ORDERS_RESPONSE_TIMEOUT_MS', 15_000, 1_000, 600_000),
  };
}

function readTrustedProxies(env: Environment): readonly string[] {
  const proxies = list(env, 'ORDERS_TRUSTED_PROXIES');
  const wrong = proxies.find((proxy) => !isProxyRange(proxy));
  if (wrong === undefined) return proxies;
  throw new ConfigError(
    'ORDERS_TRUSTED_PROXIES',
    `must be addresses or CIDR ranges such as 10.0.0.0/8, not "${wrong}"`,
  );
}

/**
 * Whether a text names addresses that can be trusted. proxy-addr takes any number for an IPv4
 * address, such as 1 for 0.0.0.1. Elsewhere, 1 means the number of proxies.
 */
function isProxyRange(text: string): boolean {
  const [address = ''] = text.split('/', 1);
  if (isIP(address) === 0 && !['loopback', 'linklocal', 'uniquelocal'].includes(text)) return false;
  try {
    proxyAddr.compile([text]);
    return true;
  } catch {
    return false;
  }
}

function readDirectUrl(env: Environment): string | undefined {
  const direct = url(env, 'DATABASE_DIRECT_URL', ['postgres:', 'postgresql:']);
  if (direct !== undefined && !env.DATABASE_URL) {
    throw new ConfigError('DATABASE_DIRECT_URL', 'needs DATABASE_URL, the address of the connection pooler');
  }
  return direct;
}

/** The name is part of SQL statements. Names like these need no quotes. */
function readDatabaseRole(env: Environment): string {
  const role = env.ORDERS_DB_ROLE || 'orders_service';
  if (/^(?!pg_)[a-z_][a-z0-9_]{0,62}$/.test(role)) return role;
  throw new ConfigError(
    'ORDERS_DB_ROLE',
    `must be up to 63 lower-case letters, digits and underscores, and not begin with a digit or pg_, not "${role}"`,
  );
}

/** With an embedded PostgreSQL, the default is a signing key in the data folder. */
function readSigningKeyConfig(env: Environment, dataDir: string): Pick<Config, 'signingKeyFiles' | 'ownSigningKey'> {
  const given = list(env, 'ORDERS_SIGNING_KEY_FILES').map((file) => resolve(file));
  if (given.length > 0 || env.DATABASE_URL) return { signingKeyFiles: given, ownSigningKey: false };
  return { signingKeyFiles: [join(dataDir, 'checkpoint-signing-key.pem')], ownSigningKey: true };
}

function currency(code: string): string {
  if (currencyExponent(code) !== undefined) return code;
  throw new ConfigError('ORDERS_DEFAULT_CURRENCY', `must be an ISO 4217 currency code, not "${code}"`);
}

function zone(name: string): string {
  if (isTimeZone(name)) return name;
  throw new ConfigError('ORDERS_TIME_ZONE', `must be an IANA time zone such as Europe/Berlin, not "${name}"`);
}
