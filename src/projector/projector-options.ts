import type { Logger } from 'pino';
import type { DatabaseAddress } from '../event-log/connection/database-access.js';
import type { LogSettings, Pool } from '../event-log/database.js';
import type { LogHeads } from '../event-log/heads/log-heads.js';
import type { OpenEvents } from '../event-log/open-events.js';
import type { Projection } from '../projections/projection.js';
import type { ReadModelKeys } from '../read-models/keys.js';
import type { Redis } from '../read-models/redis/redis-client.js';
import type { AppliedStep } from './steps/partition-steps.js';

/** Observes a projector, for metrics. Its functions must not throw. */
export interface ProjectorObserver {
  /** Called after each applied step of live generations, or of a rebuild. */
  step(kind: 'live' | 'rebuild', step: AppliedStep): void;
  ownership(change: 'acquired' | 'lost'): void;
}

/** The options of a Projector. */
export interface ProjectorOptions {
  /** Partition ownership takes a session of its own. */
  readonly database: DatabaseAddress;
  readonly settings: LogSettings;
  readonly pool: Pool;
  /**
   * The connections that read whole pages of the log, so that commands never wait for one of
   * theirs.
   */
  readonly rebuildPool: Pool;
  readonly redis: Redis;
  readonly keys: ReadModelKeys;
  readonly logHeads: LogHeads;
  readonly log: Logger;
  /** Names this process in reports, so that an operator knows where a partition is projected. */
  readonly owner: string;
  /** Opens sealed personal data. By default nothing is opened. */
  readonly open?: OpenEvents;
  readonly observer?: ProjectorObserver | undefined;
  /** By default all projections of the service. */
  readonly projections?: readonly Projection[];
}
