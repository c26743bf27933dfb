import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config.js';
import type { EmbeddedServer } from './child.js';
import { DataDirInUse, lockDataDir } from './data-dir-lock.js';

/** The PostgreSQL and the Redis to use: configured ones, or embedded ones. */
export interface Servers {
  readonly databaseUrl: string;
  readonly migrationDatabaseUrl: string;
  readonly redisUrl: string;
  /**
   * Resolves when an embedded server has ended unexpectedly. The process cannot continue without
   * it.
   */
  readonly failed: Promise<Error>;
  /** Stops the embedded servers that this process has started. */
  stop(): Promise<void>;
}

interface Urls {
  databaseUrl: string | undefined;
  redisUrl: string | undefined;
}

/**
 * Finds the configured servers, and starts embedded ones for those that are not configured.
 * @param notify takes messages for the person at the terminal.
 * @param mode with `join`, uses the embedded servers of a process that already runs on the same
 * data folder. The command line works beside a running service in this way. With `own`, that is an
 * error.
 */
export async function openServers(
  config: Config,
  notify: (message: string) => void,
  mode: 'own' | 'join' = 'own',
): Promise<Servers> {
  const { databaseUrl, redisUrl, dataDir } = config;
  if (databaseUrl !== undefined && redisUrl !== undefined) {
    return toServers(config, { databaseUrl, redisUrl }, [], async () => undefined);
  }

  let unlock: () => Promise<void>;
  try {
    unlock = await lockDataDir(dataDir);
  } catch (error) {
    if (mode === 'own' || !(error instanceof DataDirInUse)) throw error;
    const running = JSON.parse(await readFile(urlsFile(dataDir), 'utf8').catch(() => '{}')) as Partial<Urls>;
    const joined = { databaseUrl: databaseUrl ?? running.databaseUrl, redisUrl: redisUrl ?? running.redisUrl };
    if (!joined.databaseUrl || !joined.redisUrl) {
      throw new Error(`the service that uses ${dataDir} is starting or stopping: try again`);
    }
    return toServers(config, joined, [], async () => undefined);
  }

  const started: EmbeddedServer[] = [];
  const stop = async () => {
    await rm(urlsFile(dataDir), { force: true });
    await Promise.all(started.map((server) => server.stop()));
    await unlock();
  };
  const keep = (server: EmbeddedServer) => {
    started.push(server);
    return server.url;
  };
  try {
    // Imported only here: the command line mostly finds running servers, and starts faster without.
    const [{ startPostgres }, { startRedis }] = await Promise.all([import('./postgres.js'), import('./redis.js')]);
    // allSettled: if one of them fails, the other has to be complete before it can be stopped.
    const [database, redis] = await Promise.allSettled([
      databaseUrl ?? startPostgres(dataDir, notify).then(keep),
      redisUrl ?? startRedis(dataDir, notify).then(keep),
    ]);
    if (database.status === 'rejected') throw database.reason;
    if (redis.status === 'rejected') throw redis.reason;
    const urls = { databaseUrl: database.value, redisUrl: redis.value };
    await writeFile(urlsFile(dataDir), JSON.stringify(urls), { mode: 0o600 });
    return toServers(config, urls, started, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

function toServers(
  config: Config,
  { databaseUrl = '', redisUrl = '' }: Urls,
  started: readonly EmbeddedServer[],
  stop: () => Promise<void>,
): Servers {
  let stopping = false;
  const failed = new Promise<Error>((resolve) => {
    for (const { child } of started) {
      void child.ended.then(() => {
        if (!stopping) resolve(new Error(`an embedded server ended unexpectedly: ${child.output().trim()}`));
      });
    }
  });
  return {
    databaseUrl,
    redisUrl,
    migrationDatabaseUrl: config.migrationDatabaseUrl ?? databaseUrl,
    failed,
    stop: () => {
      stopping = true;
      return stop();
    },
  };
}

/**
 * The file with the URLs of the embedded servers, for the command line. Only its owner may read it:
 * the URLs hold passwords.
 */
function urlsFile(dataDir: string): string {
  return join(dataDir, 'servers.json');
}
