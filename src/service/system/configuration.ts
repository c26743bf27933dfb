import { type Config, readConfig } from '../../config.js';

interface Setting {
  readonly name: string;
  readonly value: string;
  readonly is_default: boolean;
}

/** The configuration in force, without passwords, as operators know it: by its variables. */
export function describeConfiguration(config: Config): Setting[] {
  const defaults = new Map(settings(readConfig({})));
  return settings(config).map(([name, value]) => ({ name, value, is_default: defaults.get(name) === value }));
}

function settings(config: Config): (readonly [name: string, value: string])[] {
  const { tokens, timeouts } = config;
  return [
    ['HOST', config.host],
    ['PORT', String(config.port)],
    ['ORDERS_ROLES', [...config.roles].join(', ')],
    ['DATABASE_URL', withoutSecrets(config.databaseUrl) ?? 'the embedded PostgreSQL'],
    ['DATABASE_DIRECT_URL', withoutSecrets(config.directDatabaseUrl) ?? 'as DATABASE_URL'],
    ['MIGRATION_DATABASE_URL', withoutSecrets(config.migrationDatabaseUrl) ?? 'as DATABASE_URL'],
    ['ORDERS_DB_ROLE', config.databaseRole],
    ['ORDERS_PG_POOL_SIZE', String(config.poolSize)],
    ['REDIS_URL', withoutSecrets(config.redisUrl) ?? 'the embedded Redis'],
    ['ORDERS_DATA_DIR', config.dataDir],
    ['ORDERS_SIGNING_KEY_FILES', config.signingKeyFiles.join(', ') || 'none: nothing is signed'],
    ['ORDERS_PERSONAL_DATA_KEY_FILE', config.personalDataKeyFile ?? 'none: personal data is not sealed'],
    ['ORDERS_DEFAULT_CURRENCY', config.defaultCurrency],
    ['ORDERS_TIME_ZONE', config.defaultTimeZone],
    ['ORDERS_AUTH', config.authRequired ? 'required' : 'none'],
    ['ORDERS_JWKS_URL', withoutSecrets(tokens?.jwksUrl) ?? 'none: tokens are not accepted'],
    ['ORDERS_JWT_ISSUER', tokens?.issuer ?? 'none'],
    ['ORDERS_JWT_AUDIENCE', tokens?.audience.join(', ') ?? 'none'],
    ['ORDERS_CONSOLE_CLIENT_ID', tokens?.signIn?.clientId ?? 'none: people sign in with keys'],
    ['ORDERS_RATE_LIMIT_PER_MINUTE', config.requestsPerMinute === 0 ? 'no limit' : String(config.requestsPerMinute)],
    ['ORDERS_TRUSTED_PROXIES', config.trustedProxies.join(', ') || 'none'],
    ['ORDERS_CLIENT_PREFIX_LENGTH', String(config.ipv6PrefixLength)],
    ['ORDERS_CORS_ORIGINS', config.corsOrigins.join(', ') || 'none'],
    ['ORDERS_WEBHOOKS_ALLOW_PRIVATE', config.webhooksAllowPrivate ? 'yes' : 'no'],
    ['ORDERS_MAX_CLOCK_BEHIND_MS', String(config.maxClockBehindMs)],
    ['ORDERS_SHUTDOWN_DELAY_MS', String(config.shutdownDelayMs)],
    ['ORDERS_SHUTDOWN_TIMEOUT_MS', String(config.shutdownTimeoutMs)],
    ['ORDERS_KEEP_ALIVE_TIMEOUT_MS', String(timeouts.keepAliveMs)],
    ['ORDERS_HEADERS_TIMEOUT_MS', String(timeouts.headersMs)],
    ['ORDERS_BODY_TIMEOUT_MS', String(timeouts.bodyMs)],
    ['ORDERS_BATCH_IDLE_TIMEOUT_MS', String(timeouts.batchIdleMs)],
    ['ORDERS_RESPONSE_TIMEOUT_MS', String(timeouts.responseMs)],
    ['LOG_LEVEL', config.logLevel],
  ];
}

/** A URL without its user, its password and its parameters: any of them may be a secret. */
export function withoutSecrets(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const [, scheme = '', rest = ''] = /^([a-z-]+:\/\/)(.*)$/s.exec(text) ?? [];
  const address = rest.replace(/[?#].*$/s, '').replace(/^.*@/s, '');
  return scheme === '' ? 'a URL that is not shown' : scheme + address;
}
