import type { Logger } from 'pino';
import { ApiKeys } from '../access/api-keys.js';
import { type Authenticate, authenticateNobody, createAuthenticate } from '../access/authenticate.js';
import { createTokenVerifier } from '../access/bearer-tokens.js';
import type { Config } from '../config.js';
import { ConfigError } from '../environment.js';
import type { Pool } from '../event-log/database.js';
import { createRateLimit, type RateLimit, unlimitedRate } from '../http/middleware/rate-limit.js';
import { type ClientAddresses, createClientAddresses } from '../http/request/client-address.js';
import type { CleanupStack } from './cleanup-stack.js';
import type { Connections } from './connect.js';

export interface Access {
  readonly authenticate: Authenticate;
  readonly rateLimit: RateLimit;
  readonly addresses: ClientAddresses;
}

/** How callers are identified, and how many requests each of them may send. */
export async function openAccess(
  config: Config,
  { pool, redis, keys }: Pick<Connections, 'pool' | 'redis' | 'keys'>,
  log: Logger,
  cleanup: CleanupStack,
): Promise<Access> {
  const addresses = clientAddresses(config);
  const { requestsPerMinute } = config;
  return {
    authenticate: await openAuthentication(config, pool, log, cleanup),
    rateLimit:
      requestsPerMinute === 0
        ? unlimitedRate
        : createRateLimit(redis, keys.rateLimitPrefix, requestsPerMinute, addresses),
    addresses,
  };
}

/** Without access control every caller is anonymous; the service then listens on loopback only. */
async function openAuthentication(
  config: Config,
  pool: Pool,
  log: Logger,
  cleanup: CleanupStack,
): Promise<Authenticate> {
  if (!config.authRequired) return authenticateNobody;
  const apiKeys = new ApiKeys(pool, log);
  await apiKeys.start();
  cleanup.defer(() => apiKeys.close());
  return createAuthenticate(apiKeys, config.tokens && createTokenVerifier(config.tokens));
}

function clientAddresses({ trustedProxies }: Config): ClientAddresses {
  try {
    return createClientAddresses(trustedProxies);
  } catch (error) {
    throw new ConfigError(
      'ORDERS_TRUSTED_PROXIES',
      `must be addresses or CIDR ranges such as 10.0.0.0/8: ${String(error)}`,
    );
  }
}
