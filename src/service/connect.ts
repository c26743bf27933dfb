import type { Logger } from 'pino';
import type { Config } from '../config.js';
import type { Servers } from '../embedded/servers.js';
import type { DatabaseAccess } from '../event-log/connection/database-access.js';
import { inspectDatabase } from '../event-log/connection/inspect-database.js';
import { ServerWatch } from '../event-log/connection/server-watch.js';
import { createPool, type LogSettings, type Pool, readLogSettings } from '../event-log/database.js';
import type { OpenEvents } from '../event-log/open-events.js';
import { FailureLog } from '../failure-log.js';
import { openPersonKeys } from '../privacy/open-person-keys.js';
import type { PersonKeys } from '../privacy/person-keys.js';
import { openEvents } from '../privacy/sealed-events.js';
import { allProjections } from '../projections/all-projections.js';
import { createReadModels, type ReadModels } from '../queries/live-generation.js';
import { createKeys, type ReadModelKeys } from '../read-models/keys.js';
import { createRedis, type Redis } from '../read-models/redis/redis-client.js';

/** The event log: a pool of connections to PostgreSQL and what belongs to this log. */
export interface EventLogConnection {
  /** How further connections reach the log. */
  readonly access: DatabaseAccess;
  readonly pool: Pool;
  /** Notices that PostgreSQL no longer responds, while the heads are read at intervals. */
  readonly watch: ServerWatch;
  readonly settings: LogSettings;
  /** Undefined if personal data is not sealed in this log. */
  readonly personKeys: PersonKeys | undefined;
  /** Decrypts the sealed personal data in events. */
  readonly openEvents: OpenEvents;
}

/** The event log, and the read models of this log in Redis. */
export interface Connections extends EventLogConnection {
  readonly redis: Redis;
  readonly keys: ReadModelKeys;
  readonly models: ReadModels;
}

export interface ConnectOptions {
  readonly servers: Pick<Servers, 'databaseUrl' | 'directDatabaseUrl' | 'redisUrl'>;
  readonly databaseRole: string;
  /** Whether to refuse a standby, which cannot append. */
  readonly mustWrite?: boolean;
  readonly poolSize: number;
  readonly personalDataKeyFile: Config['personalDataKeyFile'];
  readonly log: Logger;
  /** Takes the functions that close the connections, to be run in the opposite order. */
  readonly defer: (close: () => unknown) => void;
}

/**
 * Connects to a migrated event log. Rejects if PostgreSQL cannot be reached, or if the master key
 * is wrong.
 */
export async function connectToEventLog(options: ConnectOptions): Promise<EventLogConnection> {
  const { servers, databaseRole: role, poolSize, personalDataKeyFile, log, defer } = options;
  const access = await inspectDatabase(
    { url: servers.databaseUrl, directUrl: servers.directDatabaseUrl, role },
    options.mustWrite,
  );
  const pool = createPool(access, poolSize, log);
  defer(() => pool.end());
  const watch = new ServerWatch(access, pool, silentServer(log));
  defer(() => watch.close());
  const settings = await readLogSettings(pool);
  const personKeys = await openPersonKeys(pool, personalDataKeyFile);
  return { access, pool, watch, settings, personKeys, openEvents: (events) => openEvents(personKeys, events) };
}

/**
 * Connects to a migrated event log and to Redis. Does not wait for Redis, which may be down:
 * the client reconnects by itself.
 */
export async function connect(options: ConnectOptions): Promise<Connections> {
  const { servers, log, defer } = options;
  const eventLog = await connectToEventLog(options);
  const redis = createRedis(servers.redisUrl, redisFailures(log));
  defer(() => redis.disconnect());
  const { logId, partitions, epochs } = eventLog.settings;
  const keys = createKeys(logId, epochs.current);
  return { ...eventLog, redis, keys, models: createReadModels(redis, keys, partitions, allProjections, epochs) };
}

function silentServer(log: Logger): FailureLog {
  return new FailureLog(log, {
    failing: 'PostgreSQL does not respond, also over a new connection; its connections were ended',
    over: 'PostgreSQL responds again',
  });
}

/** Logs the failures of connections to Redis, which reconnect by themselves, and its refusals. */
export function redisFailures(log: Logger): FailureLog {
  return new FailureLog(log, {
    failing: 'Redis cannot be reached, or refuses its work; the client tries again',
    over: 'Redis works again',
  });
}
