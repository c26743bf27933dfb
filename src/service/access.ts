import type { Logger } from 'pino';
import { ApiKeys } from '../access/api-keys.js';
import { type Authenticate, authenticateNobody, createAuthenticate } from '../access/authenticate.js';
import { createTokenVerifier } from '../access/bearer-tokens.js';
import type { Caller } from '../access/caller.js';
import { IssuerKeys, type IssuerKeysState } from '../access/issuer-keys.js';
import { KeyUses } from '../access/key-uses.js';
import { StreamTickets } from '../access/stream-tickets.js';
import type { Config } from '../config.js';
import type { Pool } from '../event-log/database.js';
import { createRateLimit, type RateLimit, unlimitedRate } from '../http/middleware/rate-limit.js';
import { type ClientAddresses, createClientAddresses } from '../http/request/client-address.js';
import { createTicketStore } from '../read-models/redis/ticket-store.js';
import type { CleanupStack } from './cleanup-stack.js';
import type { Connections } from './connect.js';

export interface Access {
  readonly authenticate: Authenticate;
  readonly redeemTicket: (ticket: string) => Promise<Caller | undefined>;
  readonly issueTicket: (caller: Caller) => Promise<{ ticket: string; expiresAt: string }>;
  readonly rateLimit: RateLimit;
  readonly addresses: ClientAddresses;
  /** Undefined if no token issuer is configured. */
  readonly issuerKeys: (() => IssuerKeysState) | undefined;
}

/**
 * How callers are identified, and how many requests each of them may send. Without access control
 * every caller is anonymous; the service then listens on loopback only.
 */
export async function openAccess(
  config: Config,
  { pool, redis, keys }: Pick<Connections, 'pool' | 'redis' | 'keys'>,
  log: Logger,
  cleanup: CleanupStack,
): Promise<Access> {
  const { requestsPerMinute, tokens, trustedProxies, ipv6PrefixLength } = config;
  const issuerKeys = tokens && new IssuerKeys(tokens.jwksUrl, tokens.jwksKeepMs, log);
  const verifyToken = tokens && issuerKeys && createTokenVerifier(tokens, issuerKeys.keyOf);
  issuerKeys?.start();
  cleanup.defer(() => issuerKeys?.close());
  const apiKeys = config.authRequired ? await openApiKeys(pool, log, cleanup) : undefined;
  const tickets = new StreamTickets(createTicketStore(redis, keys.ticketPrefix), apiKeys);
  return {
    authenticate: apiKeys
      ? noteUses(createAuthenticate(apiKeys, verifyToken), openKeyUses(pool, log, cleanup))
      : authenticateNobody,
    redeemTicket: (ticket) => tickets.redeem(ticket),
    issueTicket: (caller) => tickets.issue(caller),
    issuerKeys: issuerKeys && (() => issuerKeys.state()),
    rateLimit:
      requestsPerMinute === 0 ? unlimitedRate : createRateLimit(redis, keys.rateLimitPrefix, requestsPerMinute),
    addresses: createClientAddresses(trustedProxies, ipv6PrefixLength),
  };
}

async function openApiKeys(pool: Pool, log: Logger, cleanup: CleanupStack): Promise<ApiKeys> {
  const apiKeys = new ApiKeys(pool, log);
  await apiKeys.start();
  cleanup.defer(() => apiKeys.close());
  return apiKeys;
}

function openKeyUses(pool: Pool, log: Logger, cleanup: CleanupStack): KeyUses {
  const uses = new KeyUses(pool, log);
  uses.start();
  cleanup.defer(() => uses.close());
  return uses;
}

/** Notes each use of an API key. */
function noteUses(authenticate: Authenticate, uses: KeyUses): Authenticate {
  return async (authorization) => {
    const caller = await authenticate(authorization);
    if ('credential' in caller && caller.credential.kind === 'key') uses.note(caller.credential.id);
    return caller;
  };
}
