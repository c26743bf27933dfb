import type { Logger } from 'pino';
import { type Config, readConfig } from '../config.js';
import { abandonChildrenOnSignal } from '../embedded/child.js';
import { openServers, type Servers } from '../embedded/servers.js';
import { requireMigrated } from '../event-log/migrate.js';
import { CleanupStack } from '../service/cleanup-stack.js';
import {
  type Connections,
  type ConnectOptions,
  connect,
  connectToEventLog,
  type EventLogConnection,
} from '../service/connect.js';
import { createLogger } from '../service/logger.js';
import type { Terminal } from './terminal/terminal.js';

/** The configuration, and the servers of the running service or, without one, of this command. */
export interface ServerContext {
  readonly terminal: Terminal;
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
  { terminal, redis }: { readonly terminal: Terminal; readonly redis: boolean },
  task: (context: ServerContext) => Promise<T>,
): Promise<T> {
  const config = readConfig(terminal.env);
  const level = config.logLevel === 'info' ? 'warn' : config.logLevel;
  const log = await createLogger(level, terminal.logDestination);
  const { notify, command } = terminal;
  const keepChildren = abandonChildrenOnSignal();
  try {
    const servers = await openServers(config, { notify, command, mode: 'join', redis });
    try {
      return await task({ terminal, config, servers, log });
    } finally {
      await servers.stop();
    }
  } finally {
    keepChildren();
  }
}

/** The needs of a command that opens connections. */
export interface ConnectionNeeds {
  readonly terminal: Terminal;
  /** Connections to PostgreSQL; by default 4. */
  readonly poolSize?: number;
}

/** Runs a command's task with a connection to the event log, whose database has to be migrated. */
export function withEventLog<T>(needs: ConnectionNeeds, task: (context: EventLogContext) => Promise<T>): Promise<T> {
  return withConnection(connectToEventLog, { ...needs, redis: false }, task);
}

/**
 * Runs a command's task with connections to the event log, whose database has to be migrated, and
 * to Redis.
 */
export function withConnections<T>(needs: ConnectionNeeds, task: (context: CommandContext) => Promise<T>): Promise<T> {
  return withConnection(connect, { ...needs, redis: true }, task);
}

function withConnection<Connection extends object, T>(
  open: (options: ConnectOptions) => Promise<Connection>,
  { terminal, poolSize = 4, redis }: ConnectionNeeds & { readonly redis: boolean },
  task: (context: ServerContext & Connection) => Promise<T>,
): Promise<T> {
  return withServers({ terminal, redis }, async (context) => {
    const { config, servers, log } = context;
    const cleanup = new CleanupStack();
    try {
      await requireMigrated(servers.migrationDatabaseUrl);
      const { databaseRole, personalDataKeyFile } = config;
      const defer = (close: () => unknown) => cleanup.defer(close);
      const connection = await open({ servers, databaseRole, poolSize, personalDataKeyFile, log, defer });
      return await task({ ...context, ...connection });
    } finally {
      await cleanup.run();
    }
  });
}
