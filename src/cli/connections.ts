import type { Logger } from 'pino';
import { type Config, readConfig } from '../config.js';
import { openServers, type Servers } from '../embedded/embedded.js';
import { createPool, type LogSettings, type Pool, readLogSettings } from '../event-log/database.js';
import { migrate } from '../event-log/migrate.js';
import type { StoredEvent } from '../event-log/stored-event.js';
import { openPersonKeys } from '../privacy/master-key.js';
import type { PersonKeys } from '../privacy/person-keys.js';
import { openEvents } from '../privacy/sealed-events.js';
import { allProjections } from '../projections/all-projections.js';
import { createReadModels, type ReadModels } from '../queries/live-generation.js';
import { createKeys, type ReadModelKeys } from '../read-models/keys.js';
import { createRedis, type Redis } from '../read-models/redis/redis-client.js';
import { createLogger } from '../service/logger.js';

/** What a command of the command line works with. */
export interface OpenLog {
  readonly config: Config;
  readonly servers: Servers;
  readonly pool: Pool;
  readonly redis: Redis;
  readonly settings: LogSettings;
  readonly keys: ReadModelKeys;
  readonly models: ReadModels;
  readonly personKeys: PersonKeys | undefined;
  /** Opens what is sealed in events. */
  readonly open: (events: readonly StoredEvent[]) => Promise<StoredEvent[]>;
  readonly log: Logger;
}

/** Opens the log and the read models (those of the running service, if there is one), and closes them after the task. */
export async function withLog<T>(task: (open: OpenLog) => Promise<T>, poolSize = 4): Promise<T> {
  const config = readConfig(process.env);
  const log = await createLogger(config.logLevel === 'info' ? 'warn' : config.logLevel);
  const servers = await openServers(config, (text) => console.error(`orders: ${text}`), 'join');
  let pool: Pool | undefined;
  let redis: Redis | undefined;
  try {
    await migrate(servers.migrationDatabaseUrl, config.partitions);
    pool = createPool(servers.databaseUrl, poolSize, log);
    redis = createRedis(servers.redisUrl, (error) => log.warn({ err: error }, 'Redis: connection trouble'));
    const settings = await readLogSettings(pool);
    const keys = createKeys(settings.logId);
    const models = createReadModels(redis, keys, settings.partitions, allProjections);
    const personKeys = await openPersonKeys(pool, config.personalDataKeyFile);
    const open = (events: readonly StoredEvent[]) => openEvents(personKeys, events);
    return await task({ config, servers, pool, redis, settings, keys, models, personKeys, open, log });
  } finally {
    redis?.disconnect();
    await pool?.end();
    await servers.stop();
  }
}
