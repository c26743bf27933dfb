import type { Logger } from 'pino';
import type { Authenticate } from '../../access/authenticate.js';
import type { Auditor } from '../../audit/auditor.js';
import type { CommandHandlers } from '../../commands/command-handlers.js';
import type { AppliedPositions } from '../../queries/applied-positions.js';
import type { ChangeFeed } from '../../queries/change-feed.js';
import type { ReadModels } from '../../queries/live-generation.js';
import type { WebhookStore } from '../../webhooks/webhook-store.js';
import type { RateLimit } from '../middleware/rate-limit.js';
import type { ClientAddresses } from '../request/client-address.js';
import type { EventStreams } from '../response/event-streams.js';

/** What the HTTP side is given: the commands, the queries, and how to find out whether all is well. */
export interface Service extends CommandHandlers {
  readonly models: ReadModels;
  readonly applied: AppliedPositions;
  readonly streams: EventStreams;
  readonly changes: ChangeFeed;
  readonly webhooks: {
    readonly store: WebhookStore;
    /** Whether addresses in private networks, and plain http, may be subscribed. */
    readonly allowPrivate: boolean;
  };
  readonly authenticate: Authenticate;
  readonly rateLimit: RateLimit;
  readonly addresses: ClientAddresses;
  /** Origins whose scripts may call; empty: none. */
  readonly corsOrigins: readonly string[];
  readonly rebuilds: {
    /** Asks for a rebuild of a projection; isNew is false where one is under way already. */
    request(projection: string, actor: string): Promise<{ readonly isNew: boolean }>;
    /** False where none is under way. */
    cancel(projection: string): Promise<boolean>;
  };
  /** Undefined where no signing key is configured. */
  readonly audit: Auditor | undefined;
  readonly health: () => Promise<Health>;
  readonly defaultCurrency: string;
  readonly log: Logger;
}

export interface Health {
  readonly status: 'ready' | 'degraded' | 'not-ready';
  /** What is up and what is down, by name. */
  readonly checks: Readonly<Record<string, string>>;
}
