import type { Config } from '../../config.js';
import { readHeads } from '../../event-log/heads/read-heads.js';
import type { ResponseBody } from '../../http/contract/response-schemas.js';
import type { ProjectionState } from '../../queries/projections-document.js';
import { ReadModelUnavailable } from '../../read-models/read-model-unavailable.js';
import { primariesOf, type Redis } from '../../read-models/redis/redis-client.js';
import { redisServerInfo } from '../check-redis.js';
import type { Connections } from '../connect.js';
import { describeConfiguration } from './configuration.js';
import type { ProcessRegistry } from './process-registry.js';

type System = ResponseBody<'System'>;

export interface SystemDeps {
  readonly config: Config;
  readonly connections: Pick<Connections, 'pool' | 'redis' | 'settings'>;
  readonly processes: Pick<ProcessRegistry, 'list'>;
  readonly projections: () => Promise<readonly ProjectionState[]>;
  readonly version: string;
}

/** Describes the system. Rejects with ReadModelUnavailable, and with the database's error. */
export async function reportSystem({
  config,
  connections,
  processes,
  projections,
  version,
}: SystemDeps): Promise<System> {
  const { pool, redis, settings } = connections;
  const [heads, server, list, states, info] = await Promise.all([
    readHeads(pool),
    pool.query<{ server: string; bytes: number }>(
      `select current_setting('server_version') as server, pg_database_size(current_database())::float8 as bytes`,
    ),
    processes.list(),
    projections(),
    infoOf(redis),
  ]);
  return {
    version,
    log: {
      log_id: settings.logId,
      epoch: settings.epochs.current,
      partitions: settings.partitions,
      events: heads.reduce((sum, { position }) => sum + position, 0),
    },
    processes: list,
    event_log: {
      server: `PostgreSQL ${server.rows[0]?.server ?? 'unknown'}`,
      database_bytes: server.rows[0]?.bytes ?? 0,
      connections: {
        open: pool.totalCount,
        idle: pool.idleCount,
        waiting: pool.waitingCount,
        limit: config.poolSize,
      },
    },
    read_models: readModelsServer(info),
    projection_states: Object.fromEntries(states.map(({ name, state }) => [name, state])),
    configuration: describeConfiguration(config),
  };
}

/** INFO of Redis; of a cluster, that of one of its servers. Rejects with ReadModelUnavailable. */
async function infoOf(redis: Redis): Promise<string> {
  try {
    return (await primariesOf(redis)[0]?.info()) ?? '';
  } catch (error) {
    throw new ReadModelUnavailable(error);
  }
}

/** @param info the response to INFO. */
function readModelsServer(info: string): System['read_models'] {
  const { name, field } = redisServerInfo(info);
  const limit = Number(field('maxmemory'));
  return {
    server: name,
    used_bytes: Number(field('used_memory')),
    limit_bytes: limit > 0 ? limit : null,
    eviction: field('maxmemory_policy') ?? '',
  };
}
