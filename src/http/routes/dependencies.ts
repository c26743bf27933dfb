import type { Logger } from 'pino';
import type { createApiKey } from '../../access/api-keys.js';
import type { Caller } from '../../access/caller.js';
import type { ListedKey } from '../../access/key-uses.js';
import type { Auditor } from '../../audit/auditor.js';
import type { BrowseLog } from '../../audit/browse-log.js';
import type { CommandHandlers } from '../../commands/command-handlers.js';
import type { AppliedPositions } from '../../queries/applied-positions.js';
import type { ChangeFeed } from '../../queries/changes/change-feed.js';
import type { ReadModels } from '../../queries/live-generation.js';
import type { DeliveryAttempt } from '../../webhooks/delivery-attempts.js';
import type { SafePost } from '../../webhooks/safe-post.js';
import type { WebhookStore } from '../../webhooks/webhook-store.js';
import type { ResponseBody } from '../contract/response-schemas.js';
import type { Authentication } from '../middleware/admission.js';
import type { RunHeavyQuery } from '../middleware/heavy-queries.js';
import type { Places } from '../middleware/in-flight-requests.js';
import type { RateLimit } from '../middleware/rate-limit.js';
import type { AuthorityWatch } from '../request/authority.js';
import type { ClientAddresses } from '../request/client-address.js';
import type { Continuity } from '../request/event-positions.js';
import type { RequestBudgets, RunWhenRoom } from '../request/request-budgets.js';
import type { EventStreams } from '../response/event-streams.js';
import type { OperatorRuns } from './operators/operator-runs.js';

/**
 * Everything that the HTTP API needs from the rest of the service. Each route takes only its part.
 */
export interface HttpDependencies extends CommandHandlers, Authentication {
  /** Whether the event log is the one that this process knows. */
  readonly continuity: Continuity;
  readonly models: ReadModels;
  readonly applied: Pick<AppliedPositions, 'wait' | 'reached'>;
  readonly streams: EventStreams;
  readonly changes: ChangeFeed;
  readonly webhooks: {
    readonly store: WebhookStore;
    /** Whether a webhook may have an address in a private network, or use plain http. */
    readonly allowPrivate: boolean;
    /** Sends test messages. */
    readonly post: Pick<SafePost, 'post'>;
    /** The last attempts to deliver, newest first. Rejects with ReadModelUnavailable. */
    readonly deliveries: (webhookId: string) => Promise<readonly DeliveryAttempt[]>;
  };
  readonly issueTicket: (caller: Caller) => Promise<{ readonly ticket: string; readonly expiresAt: string }>;
  readonly authority: AuthorityWatch;
  readonly rateLimit: RateLimit;
  readonly runHeavyQuery: RunHeavyQuery;
  /** Runs a query that reads the log. */
  readonly runLogQuery: RunWhenRoom;
  /** Runs a command with a large body. */
  readonly runLargeCommand: RunWhenRoom;
  readonly budgets: RequestBudgets;
  readonly places: Places;
  /**
   * Reads the last position of each partition from the log, in a reading that begins after the
   * call. Undefined if PostgreSQL does not respond soon.
   */
  readonly readHeads: () => Promise<ReadonlyMap<number, number> | undefined>;
  readonly addresses: ClientAddresses;
  /** Origins whose scripts may call the API. CORS is off if there are none. */
  readonly corsOrigins: readonly string[];
  readonly rebuilds: {
    /** Requests a rebuild of a projection. `isNew` is false if one is already running. */
    request(projection: string, actor: string): Promise<{ readonly isNew: boolean }>;
    /** Returns false if no rebuild is running. */
    cancel(projection: string): Promise<boolean>;
  };
  /** Whether callers need a key or token. */
  readonly isAccessControlled: boolean;
  /** The issuer at which people sign in to the console. Undefined: they sign in with API keys. */
  readonly oidc: SignInAtIssuer | undefined;
  /** Verifications and dry runs. */
  readonly runs: OperatorRuns;
  /** The ways to fix a stopped projection. Each rejects with ReadModelUnavailable. */
  readonly cures: {
    resume(projection: string): Promise<void>;
    /** Undefined if the projection has not stopped at that position. */
    skip(projection: string, event: SkipRequest, actor: string): Promise<ResponseBody<'SkippedEvent'> | undefined>;
  };
  readonly browseLog: BrowseLog;
  readonly keys: KeyStore;
  readonly system: () => Promise<ResponseBody<'System'>>;
  /** Undefined if no signing key is configured. */
  readonly audit: Auditor | undefined;
  /**
   * When the last signed checkpoint was taken, by any process, in ms since 1970. Undefined if none
   * ever was.
   */
  readonly lastCheckpointAt: () => Promise<number | undefined>;
  readonly health: () => Promise<Health>;
  readonly defaultCurrency: string;
  /** The IANA time zone of metrics without `time_zone`. */
  readonly defaultTimeZone: string;
  readonly log: Logger;
}

export interface SkipRequest {
  readonly partition: number;
  readonly position: number;
  readonly reason: string;
}

/** The API keys, as operators manage them. All functions reject with the database's error. */
export interface KeyStore {
  list(): Promise<readonly ListedKey[]>;
  create(key: Parameters<typeof createApiKey>[1]): Promise<{ readonly key: string; readonly listed: ListedKey }>;
  /** Resolves with false if there is no such key, or it was revoked already. */
  revoke(id: string): Promise<boolean>;
}

/** The token issuer as the console uses it: authorization code with PKCE, as a public client. */
export interface SignInAtIssuer {
  readonly issuer: string;
  readonly clientId: string;
  readonly scope: string;
  /** The parameter `audience` of the request, which some issuers need. */
  readonly audience: string | undefined;
  /** The hosts that the console calls for it. */
  readonly origins: readonly string[];
}

export type Health = ResponseBody<'Health'>;
