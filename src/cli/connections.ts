import type { Logger } from 'pino';
import { type Config, readConfig } from '../config.js';
import { openServers, type Servers } from '../embedded/servers.js';
import { migrate } from '../event-log/migrate.js';
import { CleanupStack } from '../service/cleanup-stack.js';
import {
  type Connections,
  type ConnectOptions,
  connect,
  connectToEventLog,
  type EventLogConnection,
} from '../service/connect.js';
import { createLogger } from '../service/logger.js';
import { printNotice } from './terminal/notices.js';

/** The configuration, and the servers of the running service or, without one, of this command. */
export interface ServerContext {
  readonly config: Config;
  readonly servers: Servers;
  readonly log: Logger;
}

export type EventLogContext = ServerContext & EventLogConnection;
export type CommandContext = ServerContext & Connections;

/**
 * Runs a command's task with the servers of the running service. Without one, embedded servers run
 * meanwhile.
 * @param needs redis: whether the task uses Redis
 */
export async function withServers<T>(
  task: (context: ServerContext) => Promise<T>,
  needs: { readonly redis: boolean },
): Promise<T> {
  const config = readConfig(process.env);
  const log = await createLogger(config.logLevel === 'info' ? 'warn' : config.logLevel);
  const command = `orders ${process.argv[2] ?? ''}`.trimEnd();
  const servers = await openServers(config, { notify: printNotice, command, mode: 'join', ...needs });
  try {
    return await task({ config, servers, log });
  } finally {
    await servers.stop();
  }
}

/** Runs a command's task with a connection to the event log, whose database it migrates first. */
export function withEventLog<T>(task: (context: EventLogContext) => Promise<T>, poolSize?: number): Promise<T> {
  return withConnection(connectToEventLog, task, { redis: false }, poolSize);
}

/**
 * Runs a command's task with connections to the event log, whose database it migrates first, and to
 * Redis.
 */
export function withConnections<T>(task: (context: CommandContext) => Promise<T>, poolSize?: number): Promise<T> {
  return withConnection(connect, task, { redis: true }, poolSize);
}

function withConnection<Connection extends object, T>(
  open: (options: ConnectOptions) => Promise<Connection>,
  task: (context: ServerContext & Connection) => Promise<T>,
  needs: { readonly redis: boolean },
  poolSize = 4,
): Promise<T> {
  return withServers(async (context) => {
    const { config, servers, log } = context;
    const cleanup = new CleanupStack();
    try {
      await migrate(servers.migrationDatabaseUrl, config.partitions, { role: config.databaseRole });
      const { databaseRole, personalDataKeyFile } = config;
      const defer = (close: () => unknown) => cleanup.defer(close);
      const connection = await open({ servers, databaseRole, poolSize, personalDataKeyFile, log, defer });
      return await task({ ...context, ...connection });
    } finally {
      await cleanup.run();
    }
  }, needs);
}
