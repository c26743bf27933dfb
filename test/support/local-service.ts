import { errorMessage } from '../../src/cli/terminal/errors.js';
import { readConfig } from '../../src/config.js';
import { openServers } from '../../src/embedded/servers.js';
import { createJsonLogger } from '../../src/service/logger.js';
import { startService } from '../../src/service/start-service.js';
import type { TestLog } from './servers.js';

/** The service, wired as in production, but in the process of the tests. */
export interface LocalService {
  readonly url: string;
  /** The log of the service, and its messages to the person at the terminal. */
  output(): string;
  /** Stops the service as SIGTERM does. */
  stop(): Promise<void>;
}

/**
 * Starts the service in this process, which is much cheaper than a process of its own. Tests that
 * kill, suspend or measure the process use `startService`. Rejects with the error of the start.
 * @param env the whole configuration, besides the servers: the variables of this process are unused
 */
export async function startLocalService(
  log: Pick<TestLog, 'databaseUrl' | 'redisUrl'>,
  env: Readonly<Record<string, string>> = {},
): Promise<LocalService> {
  const config = readConfig({
    PORT: '0',
    LOG_LEVEL: 'warn',
    DATABASE_URL: log.databaseUrl,
    REDIS_URL: log.redisUrl,
    ...env,
  });
  let output = '';
  const write = (text: string) => {
    output += text;
  };
  const notify = (message: string) => write(`orders: ${message}\n`);
  const logger = createJsonLogger(config.logLevel, { write });
  const servers = await openServers(config, { notify, command: 'a test', mode: 'own' });
  const { url, stop } = await startService({ config, servers, log: logger, notify });
  return { url, output: () => output, stop };
}

/** The message that says why the service does not start on these servers. */
export async function refusalOf(
  log: Pick<TestLog, 'databaseUrl' | 'redisUrl'>,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  let service: LocalService;
  try {
    service = await startLocalService(log, env);
  } catch (error) {
    return errorMessage(error);
  }
  await service.stop();
  throw new Error('the service has started');
}
